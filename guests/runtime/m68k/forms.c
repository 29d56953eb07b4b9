/* What the forms are to leave. */
#include "arch.h"

#define VALUE 0x12345678ul
#define LOADS(X) \
    X(move_b, 0xef) X(move_w, 0xcdef) X(move_l, PATTERN) X(postincrement, PATTERN) X(predecrement, PATTERN) \
    X(displacement, PATTERN) X(indexed, PATTERN) X(indirect, PATTERN) X(same_address, PATTERN) \
    X(movem_load, PATTERN) X(movem_word, SIGNED(0xffffcdef)) X(add, PATTERN) X(bfextu, PATTERN) X(to_memory, PATTERN)
#define STORES(X) \
    X(store_b, VALUE & 0xff) X(store_w, VALUE & 0xffff) X(store_l, VALUE) X(store_postincrement, VALUE) \
    X(store_predecrement, VALUE) X(movem_store, VALUE) X(from_memory, VALUE)
/* The register's low bits are at its own offset: a byte or a word written there is the whole of it. */
#define OTHERS(X) \
    X(clr, 0, 0, 0) X(st, 0, 0, 0xff) X(not, 0, 0, ~PATTERN) X(neg_w, 0, 0, 0x3211) X(addq, 0, 0, PATTERN + 7) \
    X(add_to, 5, 0, PATTERN + 5) X(or_b, 0x10, 0, 0xff) X(addi, 0, 0, 0xdf00) X(bset, 0, 1, 0xef) X(tas, 0, 1, 0xef) \
    X(asl, 0, 0, 0x9bde) X(cas, VALUE, PATTERN, VALUE) X(cas_fails, VALUE, PATTERN, PATTERN) \
    X(bfins, VALUE, 0, VALUE) X(movem_two, 0, PATTERN, PATTERN) X(move_same, 0, 0, PATTERN) X(compare, 0, PATTERN, PATTERN)

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
