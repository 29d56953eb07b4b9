/* Every synchronous cause, raised in M, S and U mode: cause, epc, tval, the mode it came from, and where it is taken. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "probes.h"
#include "table.h"
#include "trap.h"

enum where { M = 1, S = 2, U = 4 };
enum tval { ADDRESS, ZERO, ZERO_OR_PC, ZERO_OR_BITS };

struct row {
    const char *name;
    probe_code *code;
    ulong argument;
    u8 cause, tval, modes;
};

static u32 words[4] __attribute__((aligned(16)));

#define WORD ((ulong)words)

static const struct row rows[] = {
    {"illegal instruction, all ones", probe_ones, 0, ILLEGAL, ZERO_OR_BITS, M | S | U},
    {"illegal instruction, 16 zero bits", probe_zero, 0, ILLEGAL, ZERO_OR_BITS, M | S | U},
    {"a register that does not exist", probe_no_csr, 0, ILLEGAL, ZERO_OR_BITS, M | S | U},
    {"a register of a higher mode", probe_machine_csr, 0, ILLEGAL, ZERO_OR_BITS, S | U},
    {"a write to a read-only register", probe_write_read_only, 0, ILLEGAL, ZERO_OR_BITS, M | S | U},
    {"mret outside M mode", probe_mret, 0, ILLEGAL, ZERO_OR_BITS, S | U},
    {"ebreak", probe_ebreak, 0, BREAKPOINT, ZERO_OR_PC, M | S | U},
    {"c.ebreak", probe_c_ebreak, 0, BREAKPOINT, ZERO_OR_PC, M | S | U},
    {"ecall from M", probe_ecall, 0, ECALL_M, ZERO, M},
    {"ecall from S", probe_ecall, 0, ECALL_S, ZERO, S},
    {"ecall from U", probe_ecall, 0, ECALL_U, ZERO, U},
    {"lr.w misaligned", probe_lr, WORD + 1, LOAD_MISALIGNED, ADDRESS, M | S | U},
    {"amoadd.w misaligned", probe_amoadd, WORD + 2, STORE_MISALIGNED, ADDRESS, M | S | U},
    {"lb from nowhere", probe_lb, BOARD_NOWHERE + 0x123, LOAD_ACCESS, ADDRESS, M | S | U},
    {"lh from nowhere", probe_lh, BOARD_NOWHERE + 0x122, LOAD_ACCESS, ADDRESS, M | S | U},
    {"lw from nowhere", probe_lw, BOARD_NOWHERE + 0x124, LOAD_ACCESS, ADDRESS, M | S | U},
    {"c.lw from nowhere", probe_c_lw, BOARD_NOWHERE + 0x128, LOAD_ACCESS, ADDRESS, M | S | U},
    {"lr.w from nowhere", probe_lr, BOARD_NOWHERE, LOAD_ACCESS, ADDRESS, M | S | U},
    {"sb to nowhere", probe_sb, BOARD_NOWHERE + 0x123, STORE_ACCESS, ADDRESS, M | S | U},
    {"sh to nowhere", probe_sh, BOARD_NOWHERE + 0x122, STORE_ACCESS, ADDRESS, M | S | U},
    {"sw to nowhere", probe_sw, BOARD_NOWHERE + 0x124, STORE_ACCESS, ADDRESS, M | S | U},
    {"c.sw to nowhere", probe_c_sw, BOARD_NOWHERE + 0x128, STORE_ACCESS, ADDRESS, M | S | U},
    {"amoadd.w to nowhere", probe_amoadd, BOARD_NOWHERE, STORE_ACCESS, ADDRESS, M | S | U},
    {"fetch from nowhere", probe_fetch, BOARD_NOWHERE, FETCH_ACCESS, ADDRESS, M | S | U},
#if __riscv_xlen == 64
    {"lr.d misaligned", probe_lr_d, WORD + 4, LOAD_MISALIGNED, ADDRESS, M | S | U},
    {"amoadd.d misaligned", probe_amoadd_d, WORD + 4, STORE_MISALIGNED, ADDRESS, M | S | U},
    {"ld from nowhere", probe_ld, BOARD_NOWHERE + 8, LOAD_ACCESS, ADDRESS, M | S | U},
    {"sd to nowhere", probe_sd, BOARD_NOWHERE + 8, STORE_ACCESS, ADDRESS, M | S | U},
#endif
};

static const struct row paged_rows[] = {
    {"fetch from an unmapped page", probe_fetch, WINDOW + 0x40, FETCH_PAGE, ADDRESS, S},
    {"lw from an unmapped page", probe_lw, WINDOW + 0x124, LOAD_PAGE, ADDRESS, S},
    {"lr.w from an unmapped page", probe_lr, WINDOW + 0x128, LOAD_PAGE, ADDRESS, S},
    {"sw to an unmapped page", probe_sw, WINDOW + 0x12c, STORE_PAGE, ADDRESS, S},
    {"amoadd.w to an unmapped page", probe_amoadd, WINDOW + 0x130, STORE_PAGE, ADDRESS, S},
};

static const char *name_of(enum mode mode) { return mode == MACHINE ? "M" : mode == SUPERVISOR ? "S" : "U"; }

static u32 instruction_at(ulong address) {
    u32 low = ((const u16 *)address)[0];
    return (low & 3) == 3 ? low | (u32)((const u16 *)address)[1] << 16 : low;
}

static int good_tval(const struct row *row) {
    ulong pc = (ulong)row->code;
    switch (row->tval) {
    case ADDRESS:
        return caught.tval == row->argument;
    case ZERO:
        return caught.tval == 0;
    case ZERO_OR_PC:
        return caught.tval == 0 || caught.tval == pc;
    default:
        return caught.tval == 0 || caught.tval == instruction_at(pc);
    }
}

/* QEMU with one hart reads before it writes, and an AMO raises what a load would. `bare` has to be right. */
static int reads_first(const struct row *row) {
#ifdef BOARD_VIRT
    return row->code == probe_amoadd
#if __riscv_xlen == 64
           || row->code == probe_amoadd_d
#endif
        ;
#else
    (void)row;
    return 0;
#endif
}

static ulong loads_cause(u8 cause) { return cause - 2u; }

static void complain(const struct row *row, enum mode mode, const char *what, ulong actual, ulong expected) {
    print("FAIL %s in %s mode: %s: expected 0x%lx, got 0x%lx\n", row->name, name_of(mode), what, expected, actual);
    exit(1);
}

static void raise(const struct row *row, enum mode mode, int delegated) {
    if (mode == MACHINE) {
        probe(row->code, row->argument);
    } else {
        probe_in(mode, row->code, row->argument);
    }
    int fetch = row->cause == FETCH_ACCESS || row->cause == FETCH_PAGE;
    ulong epc = fetch ? row->argument : (ulong)row->code;
    enum mode taken_in = delegated && mode != MACHINE ? SUPERVISOR : MACHINE;
    ulong from = taken_in == MACHINE ? (caught.status & STATUS_MPP) >> STATUS_MPP_SHIFT
                                     : (caught.status & STATUS_SPP) != 0;
    if (caught.count != 1) complain(row, mode, "traps", caught.count, 1);
    if (reads_first(row) && caught.cause == loads_cause(row->cause)) {
        print("   %s in %s mode: raised as a load\n", row->name, name_of(mode));
    } else if (caught.cause != row->cause) complain(row, mode, "cause", caught.cause, row->cause);
    if (caught.epc != epc) complain(row, mode, "epc", caught.epc, epc);
    if (!good_tval(row)) complain(row, mode, "tval", caught.tval, row->tval == ADDRESS ? row->argument : 0);
    if (caught.taken_in != taken_in) complain(row, mode, "taken in mode", caught.taken_in, taken_in);
    if (from != (ulong)mode) complain(row, mode, "xPP", from, mode);
}

static void raise_all(const struct row *row, int delegated) {
    for (enum mode mode = USER; mode <= MACHINE; mode++) {
        if (mode == 2 || !(row->modes & (mode == MACHINE ? M : mode == SUPERVISOR ? S : U))) continue;
        /* ecall from U is how enter() comes back, and ecall from S stays in M as in every firmware */
        if (delegated && (row->cause == ECALL_U || row->cause == ECALL_S)) continue;
        raise(row, mode, delegated);
    }
    print("ok %s%s: cause %u\n", row->name, delegated ? ", delegated" : "", row->cause);
}

static void report_misaligned(const char *name, probe_code *code, ulong cause, ulong right) {
    words[0] = 0x44332211, words[1] = 0x88776655;
    ulong got = probe(code, WORD + 1);
    if (caught.count == 0) {
        print("%s misaligned: performed\n", name);
        if (cause == LOAD_MISALIGNED) check("with the right value", got, right);
        return;
    }
    print("%s misaligned: trapped\n", name);
    check("with its cause", caught.cause, cause);
    check("and its address", caught.tval, WORD + 1);
}

int main(void) {
    check("jumps drop bit 0 of the target", probe(probe_fetch, (ulong)probe_ebreak | 1) * 0 + caught.epc,
          (ulong)probe_ebreak);
    if (csr_read(misa) & 4) console_puts("fetch misaligned: cannot happen, instructions are 16-bit aligned\n");
    report_misaligned("lh", probe_lh, LOAD_MISALIGNED, 0x3322);
    report_misaligned("lw", probe_lw, LOAD_MISALIGNED, 0x55443322);
    report_misaligned("sw", probe_sw, STORE_MISALIGNED, 0);

    supervisor_setup();
    for (int delegated = 0; delegated <= 1; delegated++) {
        csr_write(medeleg, delegated ? 0xb1ff & ~(1ul << ECALL_U | 1ul << ECALL_S) : 0);
        for (u32 i = 0; i < COUNT(rows); i++) raise_all(&rows[i], delegated);
        check("the MMU takes the mode", (ulong)table_open(), 1);
        for (u32 i = 0; i < COUNT(paged_rows); i++) raise_all(&paged_rows[i], delegated);
        table_close();
    }
    console_puts("ok all causes\n");
    return 0;
}
