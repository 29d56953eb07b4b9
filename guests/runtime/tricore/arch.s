; TriCore behind portable/arch.h.
    .section .text.arch_interrupts_on
    .globl arch_interrupts_on
arch_interrupts_on:
    enable
    mov.a a15, d1
    ji a15

    .section .text.arch_interrupts_off
    .globl arch_interrupts_off
arch_interrupts_off:
    disable
    mov.a a15, d1
    ji a15

    .section .text.arch_no_vector
    .globl arch_no_vector
arch_no_vector:
    movh d15, #0xa000
    addi d15, d15, #0x100
    mtcr #0xfe24, d15       ; BTV as after a reset
    mov.a a15, d1
    ji a15

    .section .text.arch_hypercall
    .globl arch_hypercall
arch_hypercall:             ; number d10, arguments d11 and d12: to d15, d4, d5; the result comes in d2
    mov.a a14, d2
    mov16 d15, d10
    mov16 d4, d11
    mov16 d5, d12
    jla 0xf0000000
    mov16 d10, d2
    mov.d d2, a14
    mov.a a15, d1
    ji a15
