/* %o0: a device register, %o1: a value; the result in %o0. Leaves return by retl, whose slot is used where that is the
 * form. */
#ifdef __arch64__
#define ASI 0x80 /* primary */
#define FPU_ON wr %g0, 4, %fprs
#define CAS(address, compare, swap) casa [address] ASI, compare, swap
    .register %g2, #scratch
    .register %g3, #scratch
#else
#define ASI 0x0b /* supervisor data */
#define FPU_ON rd %psr, %g1; sethi %hi(0x1000), %g2; or %g1, %g2, %g1; wr %g1, 0, %psr; nop; nop; nop
#define CAS(address, compare, swap) .word 0xd3e2016a /* a LEON's: casa [%o0] 0xb, %o2, %o1 */
#endif

#define FORM(name)               \
    .globl form_##name;          \
    .type form_##name, #function; \
form_##name:

    .text
#define ONE(name, ...) FORM(name) __VA_ARGS__; retl; mov %o2, %o0
ONE(ldub, ldub [%o0], %o2)
ONE(ldsb, ldsb [%o0], %o2)
ONE(lduh, lduh [%o0], %o2)
ONE(ldsh, ldsh [%o0], %o2)
ONE(ld, ld [%o0], %o2)
ONE(lda, lda [%o0] ASI, %o2)
FORM(ld_offset)
    sub %o0, 0x7f8, %o0
    ld [%o0 + 0x7f8], %o2
    retl
    mov %o2, %o0
FORM(ld_index)
    sub %o0, 8, %o0
    mov 8, %o1
    ld [%o0 + %o1], %o2
    retl
    mov %o2, %o0
FORM(ld_itself)
    ld [%o0], %o0
    retl
    nop
FORM(ldd)
    ldd [%o0], %o2 /* the upper half is zero: the register has 32 bits */
    retl
    or %o2, %o3, %o0
FORM(ldf)
    mov %o0, %o4
    FPU_ON
    ld [%o4], %f1
    set scratch, %o3
    st %f1, [%o3]
    ld [%o3], %o0
    retl
    nop
FORM(lddf)
    mov %o0, %o4
    FPU_ON
    ldd [%o4], %f2
    set scratch, %o3
    std %f2, [%o3]
    ld [%o3 + 4], %o0
    retl
    nop
FORM(ld_in_slot) /* of a branch that is not taken */
    cmp %o0, 0
    be 1f
    ld [%o0], %o2
    retl
    mov %o2, %o0
1:  retl
    clr %o0
FORM(ld_in_taken_slot)
    ba 1f
    ld [%o0], %o2
    clr %o2
1:  retl
    mov %o2, %o0
FORM(ld_in_annulling_slot)
    cmp %o0, 0
    bne,a 1f
    ld [%o0], %o2
    clr %o2
1:  retl
    mov %o2, %o0
FORM(ld_in_call_slot)
    mov %o7, %o5
    call 1f
    ld [%o0], %o0
1:  mov %o5, %o7
    retl
    nop
FORM(ld_in_return_slot)
    retl
    ld [%o0], %o0
FORM(ld_in_second_slot) /* a branch in the slot of a branch: its slot is the first target */
    ba 1f
    ba 2f
    clr %o2
1:  ld [%o0], %o2
    clr %o2
2:  retl
    mov %o2, %o0

#define STORE(name, ...) FORM(name) __VA_ARGS__; retl; nop
STORE(stb, stb %o1, [%o0])
STORE(sth, sth %o1, [%o0])
STORE(st, st %o1, [%o0])
STORE(sta, sta %o1, [%o0] ASI)
FORM(st_index)
    sub %o0, 8, %o0
    mov 8, %o2
    st %o1, [%o0 + %o2]
    retl
    nop
FORM(std)
    clr %o2
    mov %o1, %o3
    std %o2, [%o0]
    retl
    nop
FORM(stf)
    mov %o0, %o4
    FPU_ON
    set scratch, %o3
    st %o1, [%o3]
    ld [%o3], %f3
    st %f3, [%o4]
    retl
    nop
FORM(st_in_slot)
    cmp %o0, 0
    be 1f
    st %o1, [%o0]
1:  retl
    nop
FORM(st_in_taken_slot)
    ba 1f
    st %o1, [%o0]
    clr [%o0]
1:  retl
    nop
FORM(st_in_annulling_slot)
    cmp %o0, 0
    bne,a 1f
    st %o1, [%o0]
    clr [%o0]
1:  retl
    nop
FORM(st_in_return_slot)
    retl
    st %o1, [%o0]

FORM(ldstub)
    ldstub [%o0], %o2
    retl
    mov %o2, %o0
FORM(swap)
    swap [%o0], %o1
    retl
    mov %o1, %o0
FORM(swap_in_slot)
    mov %o0, %o2
    mov %o1, %o0
    retl
    swap [%o2], %o0
FORM(casa)
    set 0x89abcdef, %o2
    CAS(%o0, %o2, %o1)
    retl
    mov %o1, %o0
FORM(casa_differs)
    clr %o2
    CAS(%o0, %o2, %o1)
    retl
    mov %o1, %o0
FORM(annulled) /* not taken: the slot does nothing */
    cmp %o0, 0
    be,a 1f
    st %o1, [%o0]
1:  retl
    mov %o1, %o0

#ifdef __arch64__
ONE(ldsw, ldsw [%o0], %o2)
ONE(ldx, ldx [%o0], %o2)
ONE(ldxa, ldxa [%o0] ASI, %o2)
STORE(stx, stx %o1, [%o0])
FORM(casxa)
    set 0x89abcdef, %o2
    srl %o2, 0, %o2
    casxa [%o0] ASI, %o2, %o1
    retl
    mov %o1, %o0
#endif

    .bss
    .balign 8
scratch:
    .space 8
