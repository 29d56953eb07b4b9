/* The handlers, each in its own mode and on its stack. A trap goes to arch_trap(vector, pc, address), an interrupt to
 * arm_interrupt(). */
    .syntax unified
    .arm
    .text

    .macro ENTER name
    .globl \name
    .type \name, %function
\name:
    .endm

    .macro LEAVE name
    str r0, [sp, #20]
    ldm sp!, {r0-r3, r12, pc}^
    .size \name, . - \name
    .endm

ENTER on_undefined
    push {r0-r3, r12, lr}
    mrs r2, spsr
    tst r2, #0x20
    subeq r1, lr, #4
    subne r1, lr, #2
    mov r0, #1
    mvn r2, #0
    bl arch_trap
    LEAVE on_undefined

ENTER on_svc
    push {r0-r3, r12, lr}
    mov r1, lr                      /* after the instruction */
    mov r0, #2
    mvn r2, #0
    bl arch_trap
    LEAVE on_svc

ENTER on_prefetch_abort
    push {r0-r3, r12, lr}
    sub r1, lr, #4
    mov r0, #3
    mvn r2, #0
#if __ARM_ARCH >= 7
    mrc p15, 0, r3, c5, c0, 1       /* IFSR */
    and r3, r3, #0xf
    cmp r3, #2                      /* a debug event */
    moveq r0, #8
    mrc p15, 0, r2, c6, c0, 2       /* IFAR */
#endif
    bl arch_trap
    LEAVE on_prefetch_abort

ENTER on_data_abort
    push {r0-r3, r12, lr}
    sub r1, lr, #8
    mov r0, #4
    mrc p15, 0, r2, c6, c0, 0       /* DFAR */
    bl arch_trap
    LEAVE on_data_abort

ENTER on_fiq
ENTER on_irq
    sub lr, lr, #4
    push {r0-r3, r12, lr}
    bl arm_interrupt
    ldm sp!, {r0-r3, r12, pc}^
    .size on_irq, . - on_irq
