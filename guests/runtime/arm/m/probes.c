/* The exceptions that an instruction raises on ARMv7-M, by number. */
#include "arch.h"

PROBE_CODE(probe_undefined);
PROBE_CODE(probe_conditional);
PROBE_CODE(probe_svc);
PROBE_CODE(probe_breakpoint);
PROBE_CODE(probe_load);
PROBE_CODE(probe_store);
PROBE_CODE(probe_load_many);
PROBE_CODE(probe_exclusive);
PROBE_CODE(probe_no_coprocessor);
void probe_fetch(void);
void probe_state(void);
extern const char probe_fetch_resume[], probe_state_resume[];
extern u32 probe_words[2];

const struct arch_probe arch_probes[] = {
    PROBE("undefined instruction", probe_undefined, 6, ANY),
    PROBE("undefined, in an if-then", probe_conditional, 6, ANY),
    PROBE("floating point, disabled", probe_no_coprocessor, 6, ANY),
    PROBE("supervisor call", probe_svc, 11, ANY),
    PROBE("breakpoint", probe_breakpoint, 3, ANY),
    PROBE("load from nowhere", probe_load, 5, BOARD_NOWHERE + 0x124),
    PROBE("store to nowhere", probe_store, 5, BOARD_NOWHERE + 0x125),
    PROBE("load of several from nowhere", probe_load_many, 5, BOARD_NOWHERE + 0x128),
    PROBE("exclusive load, misaligned", probe_exclusive, 6, ANY),
    {"fetch from nowhere", probe_fetch, (const char *)BOARD_NOWHERE, probe_fetch_resume, 5, ANY},
    {"a branch to A32", probe_state, 0, probe_state_resume, 6, ANY},
};
const u32 arch_probe_count = COUNT(arch_probes);
