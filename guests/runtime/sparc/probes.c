/* The probes of probes.S, with the trap types of V8 and V9. */
#include "arch.h"

#ifdef __arch64__
#define TYPE(v8, v9) v9
#define SOFTWARE 0x100
#define FAULTY(address) ANY
#else
#define TYPE(v8, v9) v8
#define SOFTWARE 0x80
#define FAULTY(address) address
#endif

PROBE_CODE(illegal);
PROBE_CODE(illegal_in_slot);
PROBE_CODE(fp_disabled);
PROBE_CODE(fp_division);
PROBE_CODE(unaligned);
PROBE_CODE(unaligned_store);
PROBE_CODE(unaligned_in_slot);
PROBE_CODE(unaligned_jump);
PROBE_CODE(no_memory);
PROBE_CODE(no_memory_store);
PROBE_CODE(no_memory_in_slot);
PROBE_CODE(no_code);
PROBE_CODE(division);
PROBE_CODE(tag_overflow);
PROBE_CODE(software);
PROBE_CODE(software_in_slot);
PROBE_CODE(conditional);
PROBE_CODE(division_signed);
PROBE_CODE(gated_elsewhere);

const struct arch_probe arch_probes[] = {
    PROBE("illegal_instruction", illegal, TYPE(0x02, 0x10), ANY),
    PROBE("illegal_instruction in a slot", illegal_in_slot, TYPE(0x02, 0x10), ANY),
    PROBE("fp_disabled", fp_disabled, TYPE(0x04, 0x20), ANY),
    PROBE("fp_exception", fp_division, TYPE(0x08, 0x21), ANY),
    PROBE("mem_address_not_aligned", unaligned, TYPE(0x07, 0x34), ANY),
    PROBE("mem_address_not_aligned, a store", unaligned_store, TYPE(0x07, 0x34), ANY),
    PROBE("mem_address_not_aligned in a slot", unaligned_in_slot, TYPE(0x07, 0x34), ANY),
    PROBE("mem_address_not_aligned, a jump", unaligned_jump, TYPE(0x07, 0x34), ANY),
#ifndef BOARD_MEMORY /* QEMU asks the MMU whether this is an error, and that is off */
    PROBE("data_access_error", no_memory, TYPE(0x29, 0x32), FAULTY(BOARD_NOWHERE + 12)),
    PROBE("data_access_error, a store", no_memory_store, TYPE(0x29, 0x32), FAULTY(BOARD_NOWHERE + 24)),
    PROBE("data_access_error in a slot", no_memory_in_slot, TYPE(0x29, 0x32), FAULTY(BOARD_NOWHERE + 5)),
    {"instruction_access_error", no_code, (const char *)BOARD_NOWHERE, no_code_resume, TYPE(0x21, 0x0a), ANY},
#endif
    PROBE("division_by_zero", division, TYPE(0x2a, 0x28), ANY),
    PROBE("tag_overflow", tag_overflow, TYPE(0x0a, 0x23), ANY),
    PROBE("trap_instruction", software, SOFTWARE + 0x10, ANY),
    PROBE("trap_instruction in a slot", software_in_slot, SOFTWARE + 0x11, ANY),
    PROBE("trap_instruction on a condition", conditional, SOFTWARE + 0x7f, ANY),
#ifdef __arch64__
    PROBE("division_by_zero, signed", division_signed, 0x28, ANY),
    PROBE("trap_instruction, another system's", gated_elsewhere, SOFTWARE + 0x6d, ANY),
#endif
};
const u32 arch_probe_count = COUNT(arch_probes);
