/* A stub for each vector: the return address that it pushes says which one. */
    .text
    .globl vector_stubs
    .type vector_stubs, @function
vector_stubs:
    .rept 256
    bsr.w vector_entry
    .endr
    .size vector_stubs, . - vector_stubs

    .type vector_entry, @function
vector_entry:
    lea -60(%sp), %sp
    movem.l %d0-%d7/%a0-%a6, (%sp)
    move.l %sp, -(%sp)
    jsr on_vector
    addq.l #4, %sp
    movem.l (%sp), %d0-%d7/%a0-%a6
    lea 64(%sp), %sp    /* the registers and the stub's return address */
    rte
    .size vector_entry, . - vector_entry
