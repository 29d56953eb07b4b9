/* Address translation as S and U mode see it: map, fault, protect, accessed and dirty bits, SUM, MXR, large pages; and
 * MPRV from M mode. Page faults are delegated to S. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "../traps/probes.h"
#include "table.h"
#include "trap.h"

#define RWX (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define RW (RWX & ~PTE_X)
#define AT(number, offset) (WINDOW + (number) * PAGE + (offset))

static u32 frames[3][PAGE / 4] __attribute__((aligned(PAGE)));
#define FRAME(number) ((ulong)frames[number])

/* U mode's program: load from a0, then store, then back to M mode. In a frame of its own, which is mapped for U. */
extern u32 user_load[], user_store[], user_end[];
__asm__(".section .text.user, \"ax\"\n"
        ".option push\n.option norvc\n"
        ".balign 4\n"
        "user_load: lw a0, (a0)\n"
        "li a7, 0x4c56\n"
        "ecall\n"
        "user_store: sw a0, (a0)\n"
        "li a7, 0x4c56\n"
        "ecall\n"
        "user_end:\n"
        ".option pop\n");

static void expect_fault(const char *what, probe_code *code, ulong address, ulong cause) {
    probe(code, address);
    check(what, caught.count, 1);
    check("  cause", caught.cause, cause);
    check("  tval", caught.tval, address);
    check("  epc", caught.epc, code == probe_fetch ? address : (ulong)code);
    check("  taken in S", caught.taken_in, SUPERVISOR);
}

static void expect_load(const char *what, ulong address, ulong value) {
    check(what, probe(probe_lw, address), value);
    check("  no fault", caught.count, 0);
}

static void expect_store(const char *what, ulong address) {
    probe(probe_sw, address);
    check(what, caught.count, 0);
}

static void map_and_fault(void) {
    frames[0][0x10] = 0x1111, frames[1][0x10] = 0x2222;
    table_set(1, FRAME(0), RW);
    expect_load("a mapped page shows its frame", AT(1, 0x40), 0x1111);
    expect_store("and takes a store", AT(1, 0x80));
    check("which the frame has", frames[0][0x20], (u32)AT(1, 0x80));
    table_set(1, FRAME(1), RW);
    expect_load("mapped anew, it shows the new frame", AT(1, 0x40), 0x2222);
    table_set(2, FRAME(1), RW);
    probe(probe_sw, AT(2, 0x44));
    expect_load("two pages of one frame agree", AT(1, 0x44), AT(2, 0x44));
    table_set(1, 0, 0);
    expect_fault("a load from no page", probe_lw, AT(1, 0x40), LOAD_PAGE);
    expect_fault("a store to no page", probe_sw, AT(1, 0x40), STORE_PAGE);
    expect_fault("a fetch from no page", probe_fetch, AT(1, 0x40), FETCH_PAGE);
    expect_fault("a byte at the end of no page", probe_lb, AT(1, 0xfff), LOAD_PAGE);
    expect_load("the neighbour is still there", AT(2, 0x40), 0x2222);
#if __riscv_xlen == 64
    expect_fault("an address above the mode's width", probe_lw, 1ul << (12 + 9 * LEVELS), LOAD_PAGE);
    expect_fault("an address that is no sign extension", probe_lw, (1ul << (11 + 9 * LEVELS)) | WINDOW, LOAD_PAGE);
#endif
}

static void protect(void) {
    table_set(1, FRAME(0), PTE_V | PTE_R | PTE_A | PTE_D);
    expect_load("read-only: a load", AT(1, 0x40), 0x1111);
    expect_fault("read-only: a store", probe_sw, AT(1, 0x40), STORE_PAGE);
    expect_fault("read-only: a fetch", probe_fetch, AT(1, 0x40), FETCH_PAGE);
    table_set(1, FRAME(0), RW);
    expect_fault("not executable: a fetch", probe_fetch, AT(1, 0x40), FETCH_PAGE);

    frames[2][0] = 0x02a00513; /* li a0, 42 */
    frames[2][1] = 0x00008067; /* ret */
    __asm__ volatile("fence.i" ::: "memory");
    table_set(3, FRAME(2), PTE_V | PTE_X | PTE_A);
    check("execute-only: runs", probe(probe_fetch, AT(3, 0)), 42);
    check("  no fault", caught.count, 0);
    expect_fault("execute-only: a load", probe_lw, AT(3, 0), LOAD_PAGE);
    csr_set(sstatus, STATUS_MXR);
    expect_load("execute-only with MXR: a load", AT(3, 0), 0x02a00513);
    csr_clear(sstatus, STATUS_MXR);
    expect_fault("execute-only without MXR again: a load", probe_lw, AT(3, 0), LOAD_PAGE);

    table_set(1, FRAME(0), PTE_V | PTE_W | PTE_A | PTE_D);
    expect_fault("W without R is reserved", probe_lw, AT(1, 0x40), LOAD_PAGE);
    table_set(1, FRAME(0), RW & ~PTE_V);
    expect_fault("V is what counts", probe_lw, AT(1, 0x40), LOAD_PAGE);
    table_set(1, FRAME(0), PTE_V);
    expect_fault("a pointer on the last level", probe_lw, AT(1, 0x40), LOAD_PAGE);
}

/* A machine may set A and D itself or raise a page fault (section 4.3.1): either, and nothing else. */
static void accessed_and_dirty(void) {
    table_set(1, FRAME(0), PTE_V | PTE_R | PTE_W);
    probe(probe_lw, AT(1, 0x40));
    if (caught.count) {
        console_puts("A and D: by page fault\n");
        check("A is clear: a load faults", caught.cause, LOAD_PAGE);
        check("and A stays clear", table_get(1) & PTE_A, 0);
        table_set(1, FRAME(0), PTE_V | PTE_R | PTE_W | PTE_A);
        expect_load("A is set: a load goes", AT(1, 0x40), 0x1111);
        expect_fault("D is clear: a store faults", probe_sw, AT(1, 0x44), STORE_PAGE);
        return;
    }
    console_puts("A and D: by the machine\n");
    check("a load sets A only", table_get(1) & (PTE_A | PTE_D), PTE_A);
    expect_store("a store after the load", AT(1, 0x44));
    check("sets D", table_get(1) & (PTE_A | PTE_D), PTE_A | PTE_D);
    table_set(1, FRAME(0), PTE_V | PTE_R | PTE_W);
    probe(probe_sw, AT(1, 0x44));
    check("a store sets both", table_get(1) & (PTE_A | PTE_D), PTE_A | PTE_D);
    table_set(1, FRAME(0), PTE_V | PTE_R);
    expect_fault("a store that faults", probe_sw, AT(1, 0x44), STORE_PAGE);
    check("sets nothing", table_get(1) & PTE_D, 0);
}

static void user_pages_from_supervisor(void) {
    table_set(1, FRAME(0), RWX | PTE_U);
    expect_fault("a user page without SUM: a load", probe_lw, AT(1, 0x40), LOAD_PAGE);
    expect_fault("a user page without SUM: a store", probe_sw, AT(1, 0x44), STORE_PAGE);
    csr_set(sstatus, STATUS_SUM);
    expect_load("a user page with SUM: a load", AT(1, 0x40), 0x1111);
    expect_store("a user page with SUM: a store", AT(1, 0x44));
    flush(AT(1, 0)); /* QEMU's TLB would let a fetch follow a load */
    expect_fault("a user page with SUM: still no fetch", probe_fetch, AT(1, 0x40), FETCH_PAGE);
    csr_clear(sstatus, STATUS_SUM);
    expect_fault("a user page without SUM again: a load", probe_lw, AT(1, 0x40), LOAD_PAGE);
}

static void large_pages(void) {
    ulong offset = (ulong)frames[0] - BOARD_RAM;
    if (offset < LARGE) expect_load("a large page", LARGE_WINDOW + offset + 0x40, 0x1111);
    expect_fault("a crooked large page", probe_lw, CROOKED_WINDOW, LOAD_PAGE);
}

static void across_pages(void) {
    table_set(4, FRAME(0), RW);
    table_set(5, FRAME(1), RW);
    frames[0][PAGE / 4 - 1] = 0x22110000, frames[1][0] = 0x4433;
    ulong got = probe(probe_lw, AT(5, 0) - 2);
    if (caught.count) {
        check("a load across pages is refused as misaligned", caught.cause, LOAD_MISALIGNED);
        return;
    }
    check("a load across two pages", got, 0x44332211);
    table_set(5, 0, 0);
    probe(probe_lw, AT(5, 0) - 2);
    check("the second page gone", caught.cause, LOAD_PAGE);
    check("  tval in the second page", caught.tval, AT(5, 0));
    table_set(5, FRAME(1), RW);
    table_set(4, 0, 0);
    probe(probe_lw, AT(5, 0) - 2);
    check("the first page gone", caught.cause, LOAD_PAGE);
    check("  tval in the first page", caught.tval & ~(PAGE - 1), AT(4, 0));
}

static ulong supervisor(ulong argument) {
    (void)argument;
    map_and_fault();
    protect();
    accessed_and_dirty();
    user_pages_from_supervisor();
    large_pages();
    across_pages();
    return 1;
}

static ulong user(u32 *program, ulong address) {
    ulong at = AT(8, (ulong)program - (ulong)user_load);
    return probe_in(USER, (probe_code *)at, address);
}

static void user_mode(void) {
    for (u32 i = 0; i < (u32)(user_end - user_load); i++) frames[2][i] = user_load[i];
    __asm__ volatile("fence.i" ::: "memory");
    table_set(8, FRAME(2), PTE_V | PTE_X | PTE_U | PTE_A);
    table_set(9, FRAME(0), RW | PTE_U);
    check("U mode runs a user page and loads from another", user(user_load, AT(9, 0x40)), 0x1111);
    check("  no fault", caught.count, 0);
    user(user_store, AT(9, 0x44));
    check("and stores", frames[0][0x11], (u32)AT(9, 0x44));
    user(user_load, FRAME(0));
    check("S mode's memory is not for U mode", caught.cause, LOAD_PAGE);
    check("  tval", caught.tval, FRAME(0));
    check("  epc", caught.epc, AT(8, 0));
    check("  from U mode", caught.status & STATUS_SPP, 0);
    user(user_store, BOARD_RAM);
    check("nor to store to", caught.cause, STORE_PAGE);
}

static void as_another_mode(void) {
    table_set(1, FRAME(0), RW);
    csr_clear(mstatus, STATUS_MPP);
    csr_set(mstatus, (ulong)SUPERVISOR << STATUS_MPP_SHIFT);
    csr_set(mstatus, STATUS_MPRV);
    ulong mapped = probe_lw(AT(1, 0x40));
    csr_clear(mstatus, STATUS_MPRV);
    check("M mode with MPRV loads as S mode does", mapped, 0x1111);
    table_set(1, 0, 0);
    csr_clear(mstatus, STATUS_MPP);
    csr_set(mstatus, (ulong)SUPERVISOR << STATUS_MPP_SHIFT);
    csr_set(mstatus, STATUS_MPRV);
    probe(probe_lw, AT(1, 0x40));
    csr_clear(mstatus, STATUS_MPRV);
    check("and faults as S mode does", caught.cause, LOAD_PAGE);
    check("  but in M mode", caught.taken_in, MACHINE);
    check("  tval", caught.tval, AT(1, 0x40));
    frames[0][0] = 77;
    check("without MPRV there is no translation", probe_lw(FRAME(0)), 77);
}

int main(void) {
    supervisor_setup();
    csr_write(medeleg, 1ul << FETCH_PAGE | 1ul << LOAD_PAGE | 1ul << STORE_PAGE);
    check("satp takes the mode", (ulong)table_open(), 1);
    print("%d levels\n", LEVELS);
    check("S mode is through", enter(SUPERVISOR, supervisor, 0), 1);
    user_mode();
    as_another_mode();
    table_close();
    check("paging", csr_read(satp), 0);
    return 0;
}
