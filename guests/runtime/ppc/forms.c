/* What the forms are to leave. */
#include "arch.h"

#define VALUE 0x12345678ul
#define LOADS(X) \
    X(lbz, 0xef) X(lbzx, 0xef) X(lhz, 0xcdef) X(lha, SIGNED(0xffffcdef)) X(lwz, PATTERN) \
    X(lwzx, PATTERN) X(lwzu, PATTERN) X(lwzux, PATTERN) X(lwarx, PATTERN) X(lfs, PATTERN) \
    X(lmw, PATTERN) X(lswi, PATTERN)
#define STORES(X) \
    X(stw, VALUE) X(stwx, VALUE) X(stwu, VALUE) X(stwux, VALUE) X(stfs, VALUE) X(stfiwx, VALUE) X(stmw, VALUE) \
    X(stb, VALUE & 0xff) X(sth, VALUE & 0xffff)
#define OTHERS(X) \
    X(stwbrx, VALUE, ANY, 0x78563412) X(sthbrx, VALUE, ANY, 0x7856) X(stwcx, 7, PATTERN, PATTERN + 7) \
    X(lhbrx, 0, 0xefcd, PATTERN) X(lwbrx, 0, 0xefcdab89u, PATTERN) X(lmw_two, 0, PATTERN, PATTERN) X(lfd, 0, PATTERN, PATTERN)
#ifdef __powerpc64__
#define LOADS_64(X) X(lwa, SIGNED(PATTERN)) X(ld, PATTERN) X(ldx, PATTERN) X(ldarx, PATTERN)
#define STORES_64(X) X(std, VALUE) X(stdu, VALUE)
#else
#define LOADS_64(X)
#define STORES_64(X)
#endif

#define DECLARE_LOAD(name, result) ulong form_##name(ulong, ulong);
#define DECLARE_STORE(name, after) ulong form_##name(ulong, ulong);
#define DECLARE_OTHER(name, value, result, after) ulong form_##name(ulong, ulong);
LOADS(DECLARE_LOAD)
LOADS_64(DECLARE_LOAD)
STORES(DECLARE_STORE)
STORES_64(DECLARE_STORE)
OTHERS(DECLARE_OTHER)

#define ROW_LOAD(name, result) {#name, form_##name, FORM_LOAD, 0, result, PATTERN},
#define ROW_STORE(name, after) {#name, form_##name, FORM_STORE, VALUE, ANY, after},
#define ROW_OTHER(name, value, result, after) {#name, form_##name, FORM_OTHER, value, result, after},
const struct arch_form arch_forms[] = {
    LOADS(ROW_LOAD) LOADS_64(ROW_LOAD) STORES(ROW_STORE) STORES_64(ROW_STORE) OTHERS(ROW_OTHER)
};
const u32 arch_form_count = COUNT(arch_forms);
