/* Every way to load from and store to a device: widths, signs, offsets, compressed, floating-point, AMO, LR/SC. Each
 * must do its access once and leave the right value. Registers used: one that keeps a word, and the serial port's data
 * register, from which every read takes one byte of the input. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "forms.h"
#include "trap.h"

#define WORD BOARD_WORD /* a register that keeps 32 bits */
#define SIGNED(word) ((ulong)(long)(int)(word))
#define PATTERN 0x89abcdefu

struct load {
    const char *name;
    form_code *form;
    ulong result;
};

static const struct load loads[] = {
#ifdef BOARD_BARE /* the CLINT takes whole words only */
    {"lb", form_lb, SIGNED(0xffffffef)},
    {"lbu", form_lbu, 0xef},
    {"lh", form_lh, SIGNED(0xffffcdef)},
    {"lhu", form_lhu, 0xcdef},
#endif
    {"lw", form_lw, SIGNED(PATTERN)},
    {"c.lw", form_c_lw, SIGNED(PATTERN)},
    {"lw with an offset", form_lw_far, SIGNED(PATTERN)},
    {"lw to another register", form_lw_other, SIGNED(PATTERN)},
    {"lw to x0", form_lw_zero, 0},
    {"flw", form_flw, SIGNED(PATTERN)},
#if __riscv_xlen == 64
    {"lwu", form_lwu, PATTERN},
#endif
};

static const struct {
    const char *name;
    form_code *form;
} stores[] = {{"sw", form_sw}, {"c.sw", form_c_sw}, {"sw with an offset", form_sw_far}, {"fsw", form_fsw}};

static const struct {
    const char *name;
    form_code *form;
    u32 before, value, after;
} atomics[] = {
    {"amoswap.w", form_amoswap, PATTERN, 0x12345678, 0x12345678},
    {"amoadd.w", form_amoadd, PATTERN, 0x80000001, 0x09abcdf0},
    {"amoadd.w to another register", form_amoadd_other, 5, (u32)-7, (u32)-2},
    {"amoand.w", form_amoand, PATTERN, 0xff00ff00, 0x8900cd00},
    {"amoor.w", form_amoor, PATTERN, 0xff00ff00, 0xffabffef},
    {"amoxor.w", form_amoxor, PATTERN, 0xffffffff, 0x76543210},
    {"amomin.w", form_amomin, PATTERN, 1, PATTERN},
    {"amomax.w", form_amomax, PATTERN, 1, 1},
    {"amominu.w", form_amominu, PATTERN, 1, 1},
    {"amomaxu.w", form_amomaxu, PATTERN, 1, PATTERN},
};

/* Forms that take one byte each from the serial port. */
static const struct {
    const char *name;
    form_code *form;
} reads[] = {
    {"lb", form_lb},           {"lbu", form_lbu},       {"lh", form_lh},
    {"lhu", form_lhu},         {"lw", form_lw},         {"c.lw", form_c_lw},
    {"lw to another", form_lw_other}, {"lb again", form_lb},
};

static void check_loads(void) {
    write32(WORD, PATTERN);
    for (u32 i = 0; i < COUNT(loads); i++) check(loads[i].name, loads[i].form(WORD, 0), loads[i].result);
}

static void check_stores(void) {
    for (u32 i = 0; i < COUNT(stores); i++) {
        write32(WORD, 0);
        stores[i].form(WORD, PATTERN + i);
        check(stores[i].name, read32(WORD), PATTERN + i);
    }
    form_sw_self(WORD, 0);
    check("sw of the address itself", read32(WORD), (u32)WORD);
    console_puts("sent with sb, sh, sw: ");
    form_sb(UART_DATA, 'b');
#ifdef BOARD_BARE
    form_sh(UART_DATA, 'h');
    form_sw(UART_DATA, 'w');
#else
    form_sb(UART_DATA, 'h');
    form_sb(UART_DATA, 'w');
#endif
    form_sb(UART_DATA, '\n');
}

static void check_atomics(void) {
    for (u32 i = 0; i < COUNT(atomics); i++) {
        write32(WORD, atomics[i].before);
        check(atomics[i].name, atomics[i].form(WORD, atomics[i].value), SIGNED(atomics[i].before));
        check("  stored", read32(WORD), atomics[i].after);
    }
    write32(WORD, PATTERN);
    ulong failed = form_sc_alone(WORD, 1);
    check("sc.w without a reservation fails", failed != 0, 1);
    check("  and stores nothing", read32(WORD), PATTERN);
    failed = form_lr_sc(WORD, 0x55aa55aa); /* a device need not be reservable: it may fail, but not half */
    print("lr.w and sc.w: %s\n", failed ? "failed" : "succeeded");
    check("  stored", read32(WORD), failed ? PATTERN : 0x55aa55aa);
    write32(WORD, 0);
    for (u32 i = 0; i < 1000; i++) form_amoadd(WORD, 1);
    check("a thousand atomic additions", read32(WORD), 1000);
}

/* The doubleword register is a time: what comes back is what was written, less what has passed. */
static void check_doublewords(void) {
#ifdef BOARD_BARE
    u64 delay = 1ull << 40, left = 0, nothing = 0;
    copy_double((volatile void *)TIMER_DELAY, &delay);
    copy_double(&left, (volatile void *)TIMER_DELAY);
    check("fsd and fld", left <= delay && left > delay - (1u << 30), 1);
    copy_double((volatile void *)TIMER_DELAY, &nothing);
    copy_double(&left, (volatile void *)TIMER_DELAY);
    check("fsd of zero", left == 0, 1);
#if __riscv_xlen == 64
    form_sd(TIMER_DELAY, delay);
    left = form_ld(TIMER_DELAY, 0);
    check("sd and ld", left <= delay && left > delay - (1u << 30), 1);
    left = form_amoswap_d(TIMER_DELAY, 0);
    check("amoswap.d", left <= delay && left > delay - (1u << 30), 1);
    check("  stored", form_ld(TIMER_DELAY, 0), 0);
    u64 low = read64(TIMER_COUNT), middle = form_ld(TIMER_COUNT, 0), high = read64(TIMER_COUNT);
    check("ld of the counter is between its halves' readings", low <= middle && middle <= high, 1);
#endif
#else
    u64 far = 0x0123456789abcdefull, got = 0;
    copy_double((volatile void *)CLINT_MTIMECMP, &far);
    copy_double(&got, (volatile void *)CLINT_MTIMECMP);
    check("fsd and fld", got == far, 1);
#if __riscv_xlen == 64
    form_sd(CLINT_MTIMECMP, far + 1);
    check("sd and ld", form_ld(CLINT_MTIMECMP, 0), far + 1);
    check("amoswap.d", form_amoswap_d(CLINT_MTIMECMP, far), far + 1);
    check("  stored", form_ld(CLINT_MTIMECMP, 0), far);
#endif
#endif
}

static u8 wait_then_take(form_code *form) {
    while (!board_has_byte()) {
    }
    return (u8)form(UART_DATA, 0);
}

static void check_reads_once(void) {
    u8 expected = 'a';
    for (u32 i = 0; i < COUNT(reads); i++) check(reads[i].name, wait_then_take(reads[i].form), expected++);
    u8 bytes[12];
    for (u32 i = 0; i < COUNT(bytes); i++) bytes[i] = wait_then_take(form_lbu);
    for (u32 i = 0; i < COUNT(bytes); i++)
        if (bytes[i] != expected++) fail("a loop reads each byte once");
    check("a loop reads each byte once", bytes[COUNT(bytes) - 1], 't');
}

static ulong misaligned_load(ulong address) { return form_lw(address, 0); }

/* What a misaligned access to a device does is the platform's choice: perform it, or raise one trap. */
static void report_misaligned(void) {
    write32(WORD, PATTERN);
    probe(misaligned_load, WORD + 1);
    if (caught.count == 0) {
        console_puts("misaligned lw: performed\n");
        return;
    }
    check("misaligned lw: one trap", caught.count, 1);
    check("  misaligned or access fault", caught.cause == LOAD_MISALIGNED || caught.cause == LOAD_ACCESS, 1);
    check("  tval", caught.tval, WORD + 1);
}

int main(void) {
    csr_set(mstatus, 1ul << 13); /* FS: floating-point registers are usable */
    check_loads();
    check_stores();
    check_atomics();
    check_doublewords();
    check_reads_once();
    report_misaligned();
    write32(WORD, 0);
    console_puts("ok mmio-forms\n");
    return 0;
}
