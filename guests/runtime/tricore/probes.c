/* The traps of TriCore that the engine has, by the vectors of the descriptor. */
#include "arch.h"

PROBE_CODE(probe_illegal);
PROBE_CODE(probe_pair);
PROBE_CODE(probe_load);
PROBE_CODE(probe_store);
PROBE_CODE(probe_fetch);
PROBE_CODE(probe_overflow);
PROBE_CODE(probe_sticky);
PROBE_CODE(probe_return);

const struct arch_probe arch_probes[] = {
    PROBE("an opcode that is none", probe_illegal, 0x21, ANY),
    PROBE("an odd register pair", probe_pair, 0x23, ANY),
    PROBE("a load from nowhere", probe_load, 0x42, ANY),
    PROBE("a store to nowhere", probe_store, 0x43, ANY),
    PROBE("a jump to nowhere", probe_fetch, 0x41, ANY),
    PROBE("trapv after an overflow", probe_overflow, 0x51, ANY),
    PROBE("trapsv after an overflow", probe_sticky, 0x51, ANY),
    PROBE("ret without a call", probe_return, 0x33, ANY),
};
const u32 arch_probe_count = COUNT(arch_probes);
