/* The traps of the A profile, by the numbers of the descriptor. */
#include "arch.h"

PROBE_CODE(probe_undefined);
PROBE_CODE(probe_svc);
PROBE_CODE(probe_breakpoint);
PROBE_CODE(probe_load);
PROBE_CODE(probe_store);
PROBE_CODE(probe_load_many);
PROBE_CODE(probe_exclusive);
PROBE_CODE(probe_conditional);
void probe_fetch(void);
extern const char probe_fetch_resume[];
extern u32 probe_words[2];

const struct arch_probe arch_probes[] = {
    PROBE("undefined instruction", probe_undefined, 1, ANY),
    PROBE("undefined, in an if-then", probe_conditional, 1, ANY),
    PROBE("supervisor call", probe_svc, 2, ANY),
    PROBE("breakpoint", probe_breakpoint, 8, ANY),
    PROBE("load from nowhere", probe_load, 4, BOARD_NOWHERE + 0x124),
    PROBE("store to nowhere", probe_store, 4, BOARD_NOWHERE + 0x125),
    PROBE("load of several from nowhere", probe_load_many, 4, BOARD_NOWHERE + 0x128),
    PROBE("exclusive load, misaligned", probe_exclusive, 4, (ulong)probe_words + 1),
    {"fetch from nowhere", probe_fetch, (const char *)BOARD_NOWHERE, probe_fetch_resume, 3, BOARD_NOWHERE},
};
const u32 arch_probe_count = COUNT(arch_probes);
