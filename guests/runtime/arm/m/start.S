/* Where every guest of the M profile begins: the vector table at address 0, then _start. Interrupts are off in the NVIC,
 * and not by PRIMASK, with which every fault would be HardFault; where the CPU has the others, they are enabled. */
    .syntax unified
    .thumb

    .macro WEAK name, target
    .weak \name
    .thumb_set \name, \target
    .endm

    .section .text.start, "ax"
    .globl vectors
vectors:
    .word main_stack
    .word _start
    .word on_nmi, on_fault, on_fault, on_fault, on_fault
    .word 0, 0, 0, 0
    .word on_svc, on_fault, 0, on_pendsv, on_systick
    .rept 32
    .word on_irq
    .endr

    .globl _start
    .type _start, %function
    .thumb_func
_start:
#if __ARM_ARCH >= 7
    ldr r0, =0xe000ed24             /* SHCSR: MemManage, BusFault, UsageFault */
    ldr r1, =0x70000
    str r1, [r0]
#endif
    bl main
    bl exit
    .ltorg
    .size _start, . - _start

    .text
    .type on_fault, %function
    .thumb_func
on_fault:                           /* r0: the frame; Thread mode is on MSP where a guest does not say otherwise */
    mov r0, sp
    mov r1, lr
    lsls r1, r1, #29
    bpl 1f
    mrs r0, psp
1:  ldr r1, =m_trap
    bx r1
    .size on_fault, . - on_fault

    .type on_irq, %function
    .thumb_func
on_irq:
    ldr r0, =m_interrupt
    bx r0
    .ltorg
    .size on_irq, . - on_irq

    WEAK on_svc, on_fault
    WEAK on_nmi, on_fault
    WEAK on_pendsv, on_fault
    WEAK on_systick, on_fault

    .bss
    .balign 8
    .space 0x8000
    .globl main_stack
main_stack:
