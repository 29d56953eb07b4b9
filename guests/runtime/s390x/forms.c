/* What the forms are to leave. */
#include "arch.h"

#define VALUE 0x12345678ul
#define LOADS(X) \
    X(llgc, 0xef) X(lgb, SIGNED(0xffffffef)) X(ic, 0xef) X(llgh, 0xcdef) X(lgh, SIGNED(0xffffcdef)) \
    X(lh, 0xffffcdef) X(l, PATTERN) X(l_indexed, PATTERN) X(ly, PATTERN) X(llgf, PATTERN) X(lgf, SIGNED(PATTERN)) \
    X(lg, PATTERN) X(lt, PATTERN) X(lm, PATTERN) X(a, PATTERN) X(le, PATTERN) X(lam, PATTERN)
#define STORES(X) \
    X(st, VALUE) X(st_indexed, VALUE) X(sty, VALUE) X(sth, VALUE & 0xffff) X(stc, VALUE & 0xff) X(stg, VALUE) \
    X(stm, VALUE) X(ste, VALUE)
#define OTHERS(X) \
    X(mvi, 0, ANY, 0x41) X(mvhi, 0, ANY, 0xfffffffb) X(mvhhi, 0, ANY, 0x1234) X(mvghi, 0, ANY, 0x1234) \
    X(lrv, 0, 0xefcdab89, PATTERN) X(strv, VALUE, ANY, 0x78563412) X(strvh, VALUE, ANY, 0x7856) \
    X(cs, VALUE, PATTERN, VALUE) X(cs_fails, VALUE, PATTERN, PATTERN) X(oi, 0, ANY, 0xff) X(ni, 0, ANY, 0x2c) \
    X(xi, 0, ANY, 0x10) X(asi, 0, ANY, PATTERN + 7) X(stm_two, VALUE, ANY, VALUE) X(lm_two, 0, PATTERN, PATTERN) \
    X(tm, 0, 0, PATTERN) X(condition, 7, 1, 7)

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
