/* Where every guest of the A profile begins, in svc mode: a stack for each mode, the vectors, then main(), whose result
 * is the exit code. ARMv7 has VBAR; before it the vectors are at 0, to be copied there. */
    .syntax unified
    .arm

    .macro STACK mode, name
    msr cpsr_c, #\mode
    ldr sp, =\name
    .endm

    .section .text.start, "ax"
    .globl _start
    .type _start, %function
_start:
    STACK 0xd1, fiq_stack
    STACK 0xd2, irq_stack
    STACK 0xd7, abt_stack
    STACK 0xdb, und_stack
    STACK 0xd3, svc_stack
#if __ARM_ARCH >= 7
    ldr r0, =vectors
    mcr p15, 0, r0, c12, c0, 0
    mrc p15, 0, r0, c1, c0, 2       /* CPACR: floating point and Advanced SIMD */
    orr r0, r0, #0xf << 20
    mcr p15, 0, r0, c1, c0, 2
    isb
    mov r0, #1 << 30                /* FPEXC.EN */
    .fpu neon
    vmsr fpexc, r0
#else
    ldr r0, =vectors
    mov r1, #0
1:  ldr r2, [r0, r1]
    str r2, [r1]
    add r1, r1, #4
    cmp r1, #vectors_end - vectors
    bne 1b
#endif
    bl main
    bl exit
    .size _start, . - _start

    /* Position-independent: eight loads of the pc, then what they load. */
    .section .text.vectors, "ax"
    .balign 32
    .globl vectors
vectors:
    ldr pc, 8f
    ldr pc, 8f + 4
    ldr pc, 8f + 8
    ldr pc, 8f + 12
    ldr pc, 8f + 16
    nop
    ldr pc, 8f + 20
    ldr pc, 8f + 24
8:  .word _start, on_undefined, on_svc, on_prefetch_abort, on_data_abort, on_irq, on_fiq
vectors_end:

    .bss
    .balign 8
    .space 0x400
fiq_stack:
    .space 0x1000
irq_stack:
    .space 0x1000
abt_stack:
    .space 0x1000
und_stack:
    .space 0x8000
svc_stack:
