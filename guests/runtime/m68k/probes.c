/* The traps of the MC68040, by the vectors of the descriptor. */
#include "arch.h"

PROBE_CODE(probe_illegal);
PROBE_CODE(probe_breakpoint);
PROBE_CODE(probe_bad_mode);
PROBE_CODE(probe_bad_control);
PROBE_CODE(probe_line_a);
PROBE_CODE(probe_line_f);
PROBE_CODE(probe_load);
PROBE_CODE(probe_store);
PROBE_CODE(probe_trap_0);
PROBE_CODE(probe_trap_15);
PROBE_CODE(probe_divide_unsigned);
PROBE_CODE(probe_divide_signed);
PROBE_CODE(probe_chk);
PROBE_CODE(probe_trapv);
PROBE_CODE(probe_trapcc);
PROBE_CODE(probe_fetch);
PROBE_CODE(probe_privilege);
PROBE_CODE(probe_format);

const struct arch_probe arch_probes[] = {
    PROBE("illegal", probe_illegal, 4, ANY),
    PROBE("an addressing mode that lea lacks", probe_bad_mode, 4, ANY),
#ifdef BOARD_BARE /* QEMU ends here, or goes astray */
    PROBE("bkpt", probe_breakpoint, 4, ANY),
    PROBE("movec with a register that no model has", probe_bad_control, 4, ANY),
    PROBE("rte with a format that no frame has", probe_format, 14, ANY),
#endif
    PROBE("line A", probe_line_a, 10, ANY),
    PROBE("line F", probe_line_f, 11, ANY),
    PROBE("a load from nowhere", probe_load, 2, BOARD_NOWHERE),
    PROBE("a store to nowhere", probe_store, 2, BOARD_NOWHERE),
    PROBE("a jump to nowhere", probe_fetch, 2, BOARD_NOWHERE),
    PROBE("trap #0", probe_trap_0, 32, ANY),
    PROBE("trap #15 without the gate value", probe_trap_15, 47, ANY),
    PROBE("divu.w by zero", probe_divide_unsigned, 5, ANY),
    PROBE("divs.l by zero", probe_divide_signed, 5, ANY),
    PROBE("chk", probe_chk, 6, ANY),
    PROBE("trapv", probe_trapv, 7, ANY),
    PROBE("trapeq", probe_trapcc, 7, ANY),
    PROBE("move to sr in user mode", probe_privilege, 8, ANY),
};
const u32 arch_probe_count = COUNT(arch_probes);
