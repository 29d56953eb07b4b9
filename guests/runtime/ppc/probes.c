/* What the probes are to raise: vectors by their offset. */
#include "arch.h"

PROBE_CODE(probe_load);
PROBE_CODE(probe_store);
PROBE_CODE(probe_update);
PROBE_CODE(probe_jump);
PROBE_CODE(probe_reservation);
PROBE_CODE(probe_illegal);
PROBE_CODE(probe_trap);
PROBE_CODE(probe_call);
PROBE_CODE(probe_float);
PROBE_CODE(probe_vector);
#ifdef __powerpc64__
PROBE_CODE(probe_vsx);
#endif
extern const char probes_word[];

const struct arch_probe arch_probes[] = {
    PROBE("load from nowhere", probe_load, 0x200, BOARD_NOWHERE + 4),
    PROBE("store to nowhere", probe_store, 0x200, BOARD_NOWHERE + 7),
    PROBE("load with update from nowhere", probe_update, 0x200, BOARD_NOWHERE + 8),
    PROBE("jump to nowhere", probe_jump, 0x200, BOARD_NOWHERE),
    PROBE("misaligned reservation", probe_reservation, 0x600, (ulong)probes_word + 1),
    PROBE("illegal instruction", probe_illegal, 0x700, ANY),
    PROBE("trap instruction", probe_trap, 0x700, ANY),
    PROBE("system call", probe_call, 0xc00, ANY),
    PROBE("floating point unavailable", probe_float, 0x800, ANY),
    PROBE("vector unavailable", probe_vector, 0xf20, ANY),
#ifdef __powerpc64__
    PROBE("VSX unavailable", probe_vsx, 0xf40, ANY),
#endif
};
const u32 arch_probe_count = COUNT(arch_probes);
