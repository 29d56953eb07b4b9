/* What the forms are to leave. */
#include "arch.h"

#define VALUE 0x12345678ul
#define LOADS(X) \
    X(ld_b, SIGNED(0xffffffef)) X(ld_bu, 0xef) X(ld_h, SIGNED(0xffffcdef)) X(ld_hu, 0xcdef) \
    X(ld_w, PATTERN) X(ld_w_long, PATTERN) X(ld_w_post, PATTERN) X(ld_w_pre, PATTERN) \
    X(ld_bu_post, 0xef) X(ld_a, PATTERN) X(ld_a_same, PATTERN) \
    X(ld_w_same, PATTERN)
#define STORES(X) \
    X(st_b, VALUE & 0xff) X(st_h, VALUE & 0xffff) X(st_w, VALUE) X(st_w_long, VALUE) \
    X(st_w_post, VALUE) X(st_w_pre, VALUE) X(st_a, VALUE)
#define OTHERS(X) \
    X(swap_w, VALUE, PATTERN, VALUE) X(ldmst, 0x5a, ANY, (PATTERN & ~0xffu) | 0x5a) X(cmpswap_w, VALUE, PATTERN, VALUE) X(cmpswap_w_fails, VALUE, PATTERN, PATTERN) \
    X(swapmsk_w, 0x5a, PATTERN, (PATTERN & ~0xffu) | 0x5a) X(ld_d, 0, PATTERN, PATTERN) X(st_d, VALUE, ANY, VALUE) X(st_q, VALUE, ANY, VALUE >> 16) \
    X(move, 0, ANY, PATTERN) X(ld_q, 0, 0xcdef0000, PATTERN)

#define DECLARE_LOAD(name, result) ulong form_##name(ulong, ulong);
#define DECLARE_STORE(name, after) ulong form_##name(ulong, ulong);
#define DECLARE_OTHER(name, value, result, after) ulong form_##name(ulong, ulong);
LOADS(DECLARE_LOAD)
STORES(DECLARE_STORE)
OTHERS(DECLARE_OTHER)

#define ROW_LOAD(name, result) {#name, form_##name, FORM_LOAD, 0, result, PATTERN},
#define ROW_STORE(name, after) {#name, form_##name, FORM_STORE, VALUE, ANY, after},
#define ROW_OTHER(name, value, result, after) {#name, form_##name, FORM_OTHER, value, result, after},
const struct arch_form arch_forms[] = {LOADS(ROW_LOAD) STORES(ROW_STORE) OTHERS(ROW_OTHER)};
const u32 arch_form_count = COUNT(arch_forms);
