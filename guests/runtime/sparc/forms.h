/* name, and what it is to leave. */
#define VALUE 0x12345678
#define LOADS(X) \
    X(ldub, 0xef) X(ldsb, SIGNED(0xffffffef)) X(lduh, 0xcdef) X(ldsh, SIGNED(0xffffcdef)) X(ld, PATTERN) \
    X(ld_offset, PATTERN) X(ld_index, PATTERN) X(ld_itself, PATTERN) X(ldd, PATTERN) X(lda, PATTERN) \
    X(ldf, PATTERN) X(ld_in_slot, PATTERN) X(ld_in_taken_slot, PATTERN) X(ld_in_annulling_slot, PATTERN) \
    X(ld_in_call_slot, PATTERN) X(ld_in_return_slot, PATTERN) X(ld_in_second_slot, PATTERN)
#define STORES(X) \
    X(stb, VALUE & 0xff) X(sth, VALUE & 0xffff) X(st, VALUE) X(st_index, VALUE) X(std, VALUE) X(sta, VALUE) \
    X(stf, VALUE) X(st_in_slot, VALUE) X(st_in_taken_slot, VALUE) X(st_in_annulling_slot, VALUE) \
    X(st_in_return_slot, VALUE)
#define OTHERS(X) \
    X(ldstub, 0, 0xef, 0xff) X(swap, VALUE, PATTERN, VALUE) X(swap_in_slot, VALUE, PATTERN, VALUE) \
    X(casa, VALUE, PATTERN, VALUE) X(casa_differs, VALUE, PATTERN, PATTERN) X(lddf, 0, PATTERN, PATTERN) \
    X(annulled, VALUE, VALUE, PATTERN)
#ifdef __arch64__
#define LOADS_V9(X) X(ldsw, SIGNED(PATTERN)) X(ldx, PATTERN) X(ldxa, PATTERN)
#define STORES_V9(X) X(stx, VALUE)
#define OTHERS_V9(X) X(casxa, VALUE, PATTERN, VALUE)
#else
#define LOADS_V9(X)
#define STORES_V9(X)
#define OTHERS_V9(X)
#endif
