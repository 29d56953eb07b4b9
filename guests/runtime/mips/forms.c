/* The loads and stores of MIPS. A narrow access is about the low bits of the register, a wide one gets it and zeros. */
#include "arch.h"

#define CODE(symbol) ulong symbol(ulong address, ulong value)

CODE(f_lw);
CODE(f_lh);
CODE(f_lhu);
CODE(f_lb);
CODE(f_lbu);
CODE(f_lw_same);
CODE(f_lw_slot);
CODE(f_lw_slot_same);
CODE(f_lw_slot_not_taken);
CODE(f_lw_slot_likely);
CODE(f_lw_slot_likely_not);
CODE(f_lw_slot_call);
CODE(f_ll);
CODE(f_ll_sc);
CODE(f_lwl_lwr);
CODE(f_sw);
CODE(f_sh);
CODE(f_sb);
CODE(f_sw_slot);
CODE(f_sw_slot_not_taken);
CODE(f_sw_slot_likely);
CODE(f_sb_slot_likely_not);
CODE(f_sw_slot_call);
CODE(f_copy_slot);
CODE(f_lwc1);
CODE(f_swc1);
CODE(f_ldc1);
CODE(f_sdc1);
#ifdef __mips64
CODE(f_lwu);
CODE(f_ld);
CODE(f_ld_slot);
CODE(f_lld);
CODE(f_sd);
CODE(f_sd_slot);
CODE(f_lld_scd);
#endif

#define READS(name, code, result) {name, code, FORM_LOAD, 0, result, PATTERN}
#define WRITES(name, code, after) {name, code, FORM_STORE, 0x12345678, ANY, after}
#define WORD SIGNED(PATTERN)

const struct arch_form arch_forms[] = {
    READS("lw", f_lw, WORD),
    READS("lh", f_lh, SIGNED(0xffffcdef)),
    READS("lhu", f_lhu, 0xcdef),
    READS("lb", f_lb, SIGNED(0xffffffef)),
    READS("lbu", f_lbu, 0xef),
    READS("lw over its base", f_lw_same, WORD),
    READS("lw in the slot of jr", f_lw_slot, WORD),
    READS("lw over its base in a slot", f_lw_slot_same, WORD),
    READS("lw in the slot of a branch not taken", f_lw_slot_not_taken, WORD),
    READS("lw in the slot of a likely branch", f_lw_slot_likely, WORD),
    READS("lw after a likely branch not taken", f_lw_slot_likely_not, WORD),
    READS("lw in the slot of a call", f_lw_slot_call, WORD),
    READS("ll", f_ll, WORD),
    {"ll, sc", f_ll_sc, FORM_OTHER, 0x12345678, WORD, 0x12345678},
    {"lwl, lwr", f_lwl_lwr, FORM_OTHER, 0, WORD, PATTERN},
    WRITES("sw", f_sw, 0x12345678),
    WRITES("sh", f_sh, 0x5678),
    WRITES("sb", f_sb, 0x78),
    WRITES("sw in the slot of jr", f_sw_slot, 0x12345678),
    WRITES("sw in the slot of a branch not taken", f_sw_slot_not_taken, 0x12345678),
    WRITES("sw in the slot of a likely branch", f_sw_slot_likely, 0x12345678),
    WRITES("sb after a likely branch not taken", f_sb_slot_likely_not, 0x78),
    WRITES("sw in the slot of a call", f_sw_slot_call, 0x12345678),
    {"lw, sw in a slot", f_copy_slot, FORM_OTHER, 0x12345678, WORD, 0x12345678},
    READS("lwc1", f_lwc1, WORD),
    WRITES("swc1", f_swc1, 0x12345678),
    READS("ldc1", f_ldc1, WORD),
    WRITES("sdc1", f_sdc1, 0x12345678),
#ifdef __mips64
    READS("lwu", f_lwu, PATTERN),
    READS("ld", f_ld, PATTERN),
    READS("ld in the slot of jr", f_ld_slot, PATTERN),
    READS("lld", f_lld, PATTERN),
    WRITES("sd", f_sd, 0x12345678),
    WRITES("sd in the slot of jr", f_sd_slot, 0x12345678),
    {"lld, scd", f_lld_scd, FORM_OTHER, 0x12345678, PATTERN, 0x12345678},
#endif
};
const u32 arch_form_count = COUNT(arch_forms);
