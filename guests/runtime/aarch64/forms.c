/* Ways to access a device; the code is in forms.S. Accesses wider than a register get it and zeros. */
#include "arch.h"

#define LOADS(F)                    \
    F(ldr, PATTERN)                 \
    F(ldr_x, PATTERN)               \
    F(ldr_offset, PATTERN)          \
    F(ldr_register, PATTERN)        \
    F(ldr_scaled, PATTERN)          \
    F(ldr_extended, PATTERN)        \
    F(ldr_pre, PATTERN)             \
    F(ldr_post, PATTERN)            \
    F(ldr_base, PATTERN)            \
    F(ldr_stack, PATTERN)           \
    F(ldur, PATTERN)                \
    F(ldtr, PATTERN)                \
    F(ldrb, 0xef)                   \
    F(ldrh, 0xcdef)                 \
    F(ldrsb_w, 0xffffffef)          \
    F(ldrsb, SIGNED(0xffffffef))    \
    F(ldrsh_w, 0xffffcdef)          \
    F(ldrsh, SIGNED(0xffffcdef))    \
    F(ldrsw, SIGNED(PATTERN))       \
    F(ldar, PATTERN)                \
    F(ldarb, 0xef)                  \
    F(ldxr, PATTERN)                \
    F(ldaxrh, 0xcdef)               \
    F(ldr_b, 0xef)                  \
    F(ldr_h, 0xcdef)                \
    F(ldr_s, PATTERN)               \
    F(ldr_d, PATTERN)               \
    F(ld1_lane, PATTERN)            \
    F(ld1r, PATTERN)                \
    F(ld1_post, PATTERN)

#define STORES(F)                   \
    F(str, 0x12345678)              \
    F(str_x, 0x12345678)            \
    F(str_offset, 0x12345678)       \
    F(str_register, 0x12345678)     \
    F(str_pre, 0x12345678)          \
    F(str_post, 0x12345678)         \
    F(stur, 0x12345678)             \
    F(sttr, 0x12345678)             \
    F(strb, 0x78)                   \
    F(strh, 0x5678)                 \
    F(stlr, 0x12345678)             \
    F(stlrb, 0x78)                  \
    F(str_b, 0x78)                  \
    F(str_h, 0x5678)                \
    F(str_s, 0x12345678)            \
    F(str_d, 0x12345678)            \
    F(st1_lane, 0x12345678)         \
    F(st1_post, 0x12345678)

#define DECLARE(name, result) ulong form_##name(ulong address, ulong value);
#define LOAD_ROW(name, result) {#name, form_##name, FORM_LOAD, 0, result, PATTERN},
#define STORE_ROW(name, after) {#name, form_##name, FORM_STORE, 0x12345678, 0, after},

LOADS(DECLARE)
STORES(DECLARE)
DECLARE(ldp, 0)
DECLARE(ldp_x, 0)
DECLARE(ldp_base, 0)
DECLARE(ldpsw, 0)
DECLARE(ldnp, 0)
DECLARE(ldp_s, 0)
DECLARE(ldr_q, 0)
DECLARE(ldp_q, 0)
DECLARE(ld2, 0)
DECLARE(stp, 0)
DECLARE(stp_pre, 0)
DECLARE(stnp, 0)
DECLARE(str_q, 0)
DECLARE(exclusive, 0)
DECLARE(exclusive_pair, 0)

const struct arch_form arch_forms[] = {
    LOADS(LOAD_ROW)
    STORES(STORE_ROW)
    {"ldp", form_ldp, FORM_OTHER, 0, PATTERN, PATTERN},
    {"ldp_x", form_ldp_x, FORM_OTHER, 0, PATTERN, PATTERN},
    {"ldp_base", form_ldp_base, FORM_OTHER, 0, PATTERN, PATTERN},
    {"ldpsw", form_ldpsw, FORM_OTHER, 0, SIGNED(PATTERN), PATTERN},
    {"ldnp", form_ldnp, FORM_OTHER, 0, PATTERN, PATTERN},
    {"ldp_s", form_ldp_s, FORM_OTHER, 0, PATTERN, PATTERN},
    {"ldr_q", form_ldr_q, FORM_OTHER, 0, PATTERN, PATTERN},
    {"ldp_q", form_ldp_q, FORM_OTHER, 0, PATTERN, PATTERN},
    {"ld2", form_ld2, FORM_OTHER, 0, PATTERN, PATTERN},
    {"stp", form_stp, FORM_OTHER, 0x2468ace0, 0, 0x2468ace0},
    {"stp_pre", form_stp_pre, FORM_OTHER, 0x2468ace0, 0, 0x2468ace0},
    {"stnp", form_stnp, FORM_OTHER, 0x2468ace0, 0, 0x2468ace0},
    {"str_q", form_str_q, FORM_OTHER, 0x2468ace0, 0, 0x2468ace0},
    {"exclusive", form_exclusive, FORM_OTHER, 0x13579bdf, PATTERN, 0x13579bdf},
    {"exclusive_pair", form_exclusive_pair, FORM_OTHER, 0x13579bdf, PATTERN, 0x13579bdf},
};
const u32 arch_form_count = COUNT(arch_forms);
