/* What the probes are to raise: program interruption codes. */
#include "arch.h"

PROBE_CODE(probe_load);
PROBE_CODE(probe_store);
PROBE_CODE(probe_jump);
PROBE_CODE(probe_operation);
PROBE_CODE(probe_long_operation);
PROBE_CODE(probe_privileged);
PROBE_CODE(probe_specification);
PROBE_CODE(probe_misaligned);
PROBE_CODE(probe_divide);
PROBE_CODE(probe_data);
PROBE_CODE(probe_execute);
PROBE_CODE(probe_call);

const struct arch_probe arch_probes[] = {
    PROBE("load from nowhere", probe_load, 5, ANY),
    PROBE("store to nowhere", probe_store, 5, ANY),
    PROBE("jump to nowhere", probe_jump, 5, ANY),
    PROBE("illegal instruction of 2 bytes", probe_operation, 1, ANY),
    PROBE("illegal instruction of 6 bytes", probe_long_operation, 1, ANY),
    PROBE("privileged instruction", probe_privileged, 2, ANY),
    PROBE("odd register of a pair", probe_specification, 6, ANY),
    PROBE("misaligned compare and swap", probe_misaligned, 6, ANY),
    PROBE("division by zero", probe_divide, 9, ANY),
    PROBE("compare and trap", probe_data, 7, ANY),
    PROBE("execute of an execute", probe_execute, 3, ANY),
    PROBE("supervisor call", probe_call, 0x1c0, ANY),
};
const u32 arch_probe_count = COUNT(arch_probes);
