/* Ways to access a device, for both profiles; the code is in forms.S. */
#include "arch.h"

#define LOADS(F)                              \
    F(ldr, PATTERN)                           \
    F(ldr_offset, PATTERN)                    \
    F(ldr_register, PATTERN)                  \
    F(ldr_shifted, PATTERN)                   \
    F(ldr_pre, PATTERN)                       \
    F(ldr_post, PATTERN)                      \
    F(ldr_base, PATTERN)                      \
    F(ldrb, 0xef)                             \
    F(ldrb_register, 0xef)                    \
    F(ldrsb, SIGNED(0xffffffef))              \
    F(ldrh, 0xcdef)                           \
    F(ldrsh, SIGNED(0xffffcdef))              \
    F(ldrt, PATTERN)                          \
    F(ldrbt, 0xef)                            \
    F(ldrht, 0xcdef)                          \
    F(ldm, PATTERN)                           \
    F(ldm_back, PATTERN)                      \
    F(pop, PATTERN)                           \
    F(ldrex, PATTERN)                         \
    F(ldrexb, 0xef)                           \
    F(ldrexh, 0xcdef)

#define STORES(F)                             \
    F(str, 0x12345678)                        \
    F(str_offset, 0x12345678)                 \
    F(str_register, 0x12345678)               \
    F(str_pre, 0x12345678)                    \
    F(str_post, 0x12345678)                   \
    F(strb, 0x00000078)                       \
    F(strh, 0x00005678)                       \
    F(strt, 0x12345678)                       \
    F(strbt, 0x00000078)                      \
    F(strht, 0x00005678)                      \
    F(stm, 0x12345678)                        \
    F(stm_back, 0x12345678)                   \
    F(push, 0x12345678)

#define DECLARE(name, result) ulong form_##name(ulong address, ulong value);
#define LOAD_ROW(name, result) {#name, form_##name, FORM_LOAD, 0, result, PATTERN},
#define STORE_ROW(name, after) {#name, form_##name, FORM_STORE, 0x12345678, ANY, after},

LOADS(DECLARE)
STORES(DECLARE)
DECLARE(ldrd, 0)
DECLARE(strd, 0)
DECLARE(ldm_two, 0)
DECLARE(stm_two, 0)
DECLARE(exclusive, 0)
#if __ARM_ARCH_PROFILE != 'M'
DECLARE(vldr_single, 0)
DECLARE(vldr_double, 0)
DECLARE(vldm, 0)
DECLARE(vld1, 0)
DECLARE(vld1_lane, 0)
DECLARE(vstr_single, 0)
DECLARE(vstr_double, 0)
DECLARE(vst1, 0)
DECLARE(exclusive_double, 0)
#endif
#ifndef __thumb__
DECLARE(swp, 0)
DECLARE(swpb, 0)
#endif

const struct arch_form arch_forms[] = {
    LOADS(LOAD_ROW) STORES(STORE_ROW)
    {"ldrd", form_ldrd, FORM_OTHER, 0, PATTERN, PATTERN},
    {"strd", form_strd, FORM_OTHER, 0x12345678, ANY, 0x12345678},
    {"ldm, two", form_ldm_two, FORM_OTHER, 0, PATTERN, PATTERN},
    {"stm, two", form_stm_two, FORM_OTHER, 0x12345678, ANY, 0x12345678},
    {"ldrex and strex", form_exclusive, FORM_OTHER, 0x12345678, PATTERN, 0x12345678},
#if __ARM_ARCH_PROFILE != 'M'
    {"vldr, single", form_vldr_single, FORM_LOAD, 0, PATTERN, PATTERN},
    {"vldr, double", form_vldr_double, FORM_OTHER, 0, PATTERN, PATTERN},
    {"vldm", form_vldm, FORM_OTHER, 0, PATTERN, PATTERN},
    {"vld1", form_vld1, FORM_OTHER, 0, PATTERN, PATTERN},
    {"vld1, a lane", form_vld1_lane, FORM_LOAD, 0, PATTERN, PATTERN},
    {"vstr, single", form_vstr_single, FORM_STORE, 0x12345678, ANY, 0x12345678},
    {"vstr, double", form_vstr_double, FORM_OTHER, 0x12345678, ANY, 0x12345678},
    {"vst1", form_vst1, FORM_OTHER, 0x12345678, ANY, 0x12345678},
    {"ldrexd and strexd", form_exclusive_double, FORM_OTHER, 0x12345678, PATTERN, 0x12345678},
#endif
#ifndef __thumb__
    {"swp", form_swp, FORM_OTHER, 0x12345678, PATTERN, 0x12345678},
    {"swpb", form_swpb, FORM_OTHER, 0x12345678, 0xef, 0x00000078},
#endif
};
const u32 arch_form_count = COUNT(arch_forms);
