/* Ways to access a device: ulong form(ulong address, ulong value), both on the stack; the result in d0. */
    .macro form name
    .globl form_\name
    .type form_\name, @function
form_\name:
    move.l 4(%sp), %a0
    move.l 8(%sp), %d1
    moveq #0, %d0
    .endm
    .macro done name
    rts
    .size form_\name, . - form_\name
    .endm

    .text
/* loads */
form move_b
    move.b (%a0), %d0
done move_b
form move_w
    move.w (%a0), %d0
done move_w
form move_l
    move.l (%a0), %d0
done move_l
form postincrement
    lea (%a0), %a1
    move.l (%a1)+, %d0
    subq.l #4, %a1
    cmp.l %a0, %a1
    beq 1f
    moveq #0, %d0
1:
done postincrement
form predecrement
    lea 4(%a0), %a1
    move.l -(%a1), %d0
    cmp.l %a0, %a1
    beq 1f
    moveq #0, %d0
1:
done predecrement
form displacement
    lea 0x100(%a0), %a1
    move.l -0x100(%a1), %d0
done displacement
form indexed
    moveq #4, %d1
    lea -0x18(%a0), %a1
    move.l 8(%a1, %d1.l * 4), %d0
done indexed
form indirect
    move.l %a0, -(%sp)
    move.l ([%sp]), %d0
    addq.l #4, %sp
done indirect
form same_address
    move.l %a0, %a1
    move.l (%a1), %a1
    move.l %a1, %d0
done same_address
form movem_load
    move.l %d2, -(%sp)
    movem.l (%a0), %d2
    move.l %d2, %d0
    move.l (%sp)+, %d2
done movem_load
form movem_word
    movem.w (%a0), %d0
done movem_word
form add
    add.l (%a0), %d0
done add
form compare
    cmp.l (%a0), %d0
    move.l (%a0), %d0
done compare
form bfextu
    bfextu (%a0){#0:#32}, %d0
done bfextu
form to_memory
    move.l (%a0), -(%sp)
    move.l (%sp)+, %d0
done to_memory
/* stores */
form store_b
    move.b %d1, (%a0)
done store_b
form store_w
    move.w %d1, (%a0)
done store_w
form store_l
    move.l %d1, (%a0)
done store_l
form store_postincrement
    lea (%a0), %a1
    move.l %d1, (%a1)+
done store_postincrement
form store_predecrement
    lea 4(%a0), %a1
    move.l %d1, -(%a1)
done store_predecrement
form movem_store
    move.l %d2, -(%sp)
    move.l %d1, %d2
    movem.l %d2, (%a0)
    move.l (%sp)+, %d2
done movem_store
form from_memory
    move.l 8(%sp), (%a0)
done from_memory
/* more than one access */
form clr
    clr.l (%a0)
done clr
form st
    st (%a0)
done st
form not
    not.l (%a0)
done not
form neg_w
    neg.w (%a0)
done neg_w
form addq
    addq.l #7, (%a0)
done addq
form add_to
    add.l %d1, (%a0)
done add_to
form or_b
    or.b %d1, (%a0)
done or_b
form addi
    addi.w #0x1111, (%a0)
done addi
form bset
    bset #7, (%a0)
    sne %d0
    and.l #1, %d0
done bset
form tas
    tas (%a0)
    smi %d0
    and.l #1, %d0
done tas
form asl
    asl.w (%a0)
done asl
form cas
    move.l (%a0), %d0
    cas.l %d0, %d1, (%a0)
done cas
form cas_fails
    moveq #1, %d0
    cas.l %d0, %d1, (%a0)
done cas_fails
form bfins
    bfins %d1, (%a0){#0:#32}
done bfins
form movem_two
    movem.l (%a0), %d0-%d1
done movem_two
form move_same
    move.l (%a0), (%a0)
done move_same
