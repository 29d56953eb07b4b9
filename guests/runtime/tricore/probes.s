; Code that traps: probe_X_pc is what a11 holds then, probe_X_resume where it goes on.
    .section .text.probes

    .globl probe_illegal
    .globl probe_illegal_pc
    .globl probe_illegal_resume
probe_illegal:
probe_illegal_pc:
    .word 0x0fc0000d            ; no such system instruction
probe_illegal_resume:
    mov.a a15, d1
    ji a15

    .globl probe_pair
    .globl probe_pair_pc
    .globl probe_pair_resume
probe_pair:
probe_pair_pc:
    .word 0x10681273            ; mul.u with d1 as the first of a pair
probe_pair_resume:
    mov.a a15, d1
    ji a15

    .globl probe_load
    .globl probe_load_pc
    .globl probe_load_resume
probe_load:
    movh.a a15, #0x0800
probe_load_pc:
    ld.w d10, [a15]0
probe_load_resume:
    mov.a a15, d1
    ji a15

    .globl probe_store
    .globl probe_store_pc
    .globl probe_store_resume
probe_store:
    movh.a a15, #0x0800
    nop16
probe_store_pc:
    st.b [a15]4, d10
probe_store_resume:
    mov.a a15, d1
    ji a15

    .globl probe_fetch
    .globl probe_fetch_pc
    .globl probe_fetch_resume
    .set probe_fetch_pc, 0x08000000
probe_fetch:
    movh.a a15, #0x0800
    ji a15
probe_fetch_resume:
    mov.a a15, d1
    ji a15

    .globl probe_overflow
    .globl probe_overflow_pc
    .globl probe_overflow_resume
probe_overflow:
    movh d15, #0x7fff
    add d15, d15, d15
probe_overflow_pc:
    trapv
probe_overflow_resume:
    mov.a a15, d1
    ji a15

    .globl probe_sticky
    .globl probe_sticky_pc
    .globl probe_sticky_resume
probe_sticky:
    movh d15, #0x7fff
    add d15, d15, d15
    add d15, d0, d0             ; V is gone, SV stays
probe_sticky_pc:
    trapsv
probe_sticky_resume:
    mov d15, #0xb80             ; and so that no later probe sees it
    mtcr #0xfe04, d15
    mov.a a15, d1
    ji a15

    .globl probe_return
    .globl probe_return_pc
    .globl probe_return_resume
probe_return:
probe_return_pc:
    ret                         ; nobody has called: the depth counter is at zero
probe_return_resume:
    mov.a a15, d1
    ji a15
