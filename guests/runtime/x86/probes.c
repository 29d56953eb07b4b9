/* Which exceptions there are; their code is in probes.S. Alignment checks and SIMD exceptions the engine lacks; page faults
 * have a guest of their own (paging). */
#include "arch.h"

PROBE_CODE(divide);
PROBE_CODE(quotient);
PROBE_CODE(step);
PROBE_CODE(icebp);
PROBE_CODE(breakpoint);
PROBE_CODE(breakpoint_2);
PROBE_CODE(invalid);
PROBE_CODE(unavailable);
PROBE_CODE(absent);
PROBE_CODE(absent_stack);
PROBE_CODE(beyond);
PROBE_CODE(no_gate);
PROBE_CODE(no_msr);
PROBE_CODE(software);
PROBE_CODE(x87);
PROBE_CODE(nowhere);
PROBE_CODE(nowhere_write);
void nowhere_fetch(void);
extern const char nowhere_fetch_resume[];
#ifdef __x86_64__
PROBE_CODE(not_canonical);
#else
PROBE_CODE(overflow);
PROBE_CODE(bounds);
#endif

const struct arch_probe arch_probes[] = {
    PROBE("division by zero", divide, 0, ANY),
    PROBE("quotient too large", quotient, 0, ANY),
    PROBE("single step", step, 1, ANY),
    PROBE("int1", icebp, 1, ANY),
    PROBE("int3", breakpoint, 3, ANY),
    PROBE("int 3 in two bytes", breakpoint_2, 3, ANY),
#ifndef __x86_64__
    PROBE("into", overflow, 4, ANY),
    PROBE("bound", bounds, 5, ANY),
#endif
    PROBE("ud2", invalid, 6, ANY),
    PROBE("x87 while CR0.TS is set", unavailable, 7, ANY),
    PROBE("a segment that is not present", absent, 11, ANY),
    PROBE("a stack segment that is not present", absent_stack, 12, ANY),
    PROBE("a selector beyond the table", beyond, 13, ANY),
    PROBE("int without a gate", no_gate, 13, ANY),
    PROBE("rdmsr of nothing", no_msr, 13, ANY),
#ifdef __x86_64__
    PROBE("an address that is not canonical", not_canonical, 13, ANY),
#endif
    PROBE("int 0x2f", software, 0x2f, ANY),
    PROBE("x87 division by zero", x87, 16, ANY),
    PROBE("load from nowhere", nowhere, 18, ANY),
    PROBE("store to nowhere", nowhere_write, 18, ANY),
    {"jump to nowhere", nowhere_fetch, (const char *)BOARD_NOWHERE, nowhere_fetch_resume, 18, ANY},
};
const u32 arch_probe_count = COUNT(arch_probes);
