/* AArch64's synchronous traps, by exception class; the code is in probes.S. */
#include "arch.h"

#define UNKNOWN 0x00
#define SVC 0x15
#define SYSTEM_REGISTER 0x18
#define FETCH_LOWER 0x20
#define FETCH 0x21
#define PC_ALIGNMENT 0x22
#define DATA_LOWER 0x24
#define DATA 0x25
#define BRK 0x3c

PROBE_CODE(probe_undefined);
PROBE_CODE(probe_register);
PROBE_CODE(probe_interface);
PROBE_CODE(probe_svc);
PROBE_CODE(probe_brk);
PROBE_CODE(probe_load);
PROBE_CODE(probe_store);
PROBE_CODE(probe_pair);
PROBE_CODE(probe_exclusive);
PROBE_CODE(probe_user_svc);
PROBE_CODE(probe_user_brk);
PROBE_CODE(probe_user_register);
PROBE_CODE(probe_user_mask);
PROBE_CODE(probe_user_counter);
PROBE_CODE(probe_user_load);
void probe_fetch(void);
void probe_misaligned(void);
void probe_user_fetch(void);
extern const char probe_fetch_resume[], probe_misaligned_resume[], probe_user_fetch_resume[];
extern u64 probe_words[2];

#define NOWHERE ((const char *)BOARD_NOWHERE)

const struct arch_probe arch_probes[] = {
    PROBE("undefined instruction", probe_undefined, UNKNOWN, ANY),
    PROBE("a register of EL3", probe_register, UNKNOWN, ANY),
    PROBE("a register of no device here", probe_interface, UNKNOWN, ANY),
    PROBE("supervisor call", probe_svc, SVC, ANY),
    PROBE("breakpoint", probe_brk, BRK, ANY),
    PROBE("load from nowhere", probe_load, DATA, BOARD_NOWHERE + 0x123),
    PROBE("store to nowhere", probe_store, DATA, BOARD_NOWHERE + 0x124),
    PROBE("load of a pair from nowhere", probe_pair, DATA, BOARD_NOWHERE + 0x128),
    PROBE("exclusive load, misaligned", probe_exclusive, DATA, (ulong)probe_words + 1),
    {"fetch from nowhere", probe_fetch, NOWHERE, probe_fetch_resume, FETCH, BOARD_NOWHERE},
    {"misaligned pc", probe_misaligned, NOWHERE + 2, probe_misaligned_resume, PC_ALIGNMENT, BOARD_NOWHERE + 2},
    PROBE("EL0: supervisor call", probe_user_svc, SVC, ANY),
    PROBE("EL0: breakpoint", probe_user_brk, BRK, ANY),
    PROBE("EL0: a register of EL1", probe_user_register, UNKNOWN, ANY),
    PROBE("EL0: PSTATE.I", probe_user_mask, SYSTEM_REGISTER, ANY),
    PROBE("EL0: the counter, switched off", probe_user_counter, SYSTEM_REGISTER, ANY),
    PROBE("EL0: load from nowhere", probe_user_load, DATA_LOWER, BOARD_NOWHERE + 0x10),
    {"EL0: fetch from nowhere", probe_user_fetch, NOWHERE, probe_user_fetch_resume, FETCH_LOWER, BOARD_NOWHERE},
};
const u32 arch_probe_count = COUNT(arch_probes);
