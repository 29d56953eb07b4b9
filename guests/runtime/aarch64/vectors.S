/* The vector table of EL1. A trap goes to arch_trap(class, pc, address), from whatever level; it goes on at EL1, at the
 * address that it gives. IRQ and FIQ go to aarch64_interrupt(). */
    .macro VECTOR target
    .balign 0x80
    b \target
    .endm

    .section .text.vectors, "ax"
    .balign 0x800
    .globl vectors
vectors:
    .rept 4                         /* EL1t, EL1h, EL0, EL0 in AArch32 */
    VECTOR synchronous
    VECTOR interrupt
    VECTOR interrupt
    VECTOR synchronous
    .endr

    .text
    .macro SAVE
    stp x0, x1, [sp, #-0xc0]!
    stp x2, x3, [sp, #0x10]
    stp x4, x5, [sp, #0x20]
    stp x6, x7, [sp, #0x30]
    stp x8, x9, [sp, #0x40]
    stp x10, x11, [sp, #0x50]
    stp x12, x13, [sp, #0x60]
    stp x14, x15, [sp, #0x70]
    stp x16, x17, [sp, #0x80]
    stp x18, x30, [sp, #0x90]
    mrs x0, elr_el1
    mrs x1, spsr_el1
    stp x0, x1, [sp, #0xa0]
    .endm

    .macro RETURN
    ldp x0, x1, [sp, #0xa0]
    msr elr_el1, x0
    msr spsr_el1, x1
    ldp x2, x3, [sp, #0x10]
    ldp x4, x5, [sp, #0x20]
    ldp x6, x7, [sp, #0x30]
    ldp x8, x9, [sp, #0x40]
    ldp x10, x11, [sp, #0x50]
    ldp x12, x13, [sp, #0x60]
    ldp x14, x15, [sp, #0x70]
    ldp x16, x17, [sp, #0x80]
    ldp x18, x30, [sp, #0x90]
    ldp x0, x1, [sp], #0xc0
    eret
    .endm

    .type synchronous, @function
synchronous:
    SAVE
    mov x1, x0
    mrs x0, esr_el1
    lsr x0, x0, #26
    mrs x2, far_el1
    sub x3, x0, #0x20
    cmp x3, #6                      /* 0x20 to 0x25: aborts, and the alignment of a pc, have an address */
    csinv x2, x2, xzr, lo
    bl arch_trap
    mov x1, #0x3c5
    stp x0, x1, [sp, #0xa0]
    RETURN
    .size synchronous, . - synchronous

    .type interrupt, @function
interrupt:
    SAVE
    bl aarch64_interrupt
    RETURN
    .size interrupt, . - interrupt

    .weak aarch64_interrupt         /* until something lets interrupts in */
    .type aarch64_interrupt, @function
aarch64_interrupt:
    ret
    .size aarch64_interrupt, . - aarch64_interrupt
