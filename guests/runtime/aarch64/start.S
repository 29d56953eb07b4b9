/* Where every guest begins, at EL1: stacks, the vectors, floating point, then main(), whose result is the exit code. CPUs
 * other than 0 sleep, or go to secondary(number) with the stack that secondary_stack names. */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    adr x1, vectors
    msr vbar_el1, x1
    mov x1, #3 << 20                /* CPACR_EL1.FPEN */
    msr cpacr_el1, x1
    isb
    mrs x0, mpidr_el1
    ands x0, x0, #0xff
    b.ne 2f
    adrp x1, stack_end
    add x1, x1, :lo12:stack_end
    mov sp, x1
    bl main
    bl exit
2:  adrp x1, stack_end
    add x1, x1, :lo12:stack_end
    sub x1, x1, x0, lsl #12         /* 4 KiB each, below that of CPU 0 */
    sub x1, x1, #0x4000
    mov sp, x1
3:  wfi
    bl secondary
    b 3b
    .size _start, . - _start

    .weak secondary
    .type secondary, @function
secondary:
    ret
    .size secondary, . - secondary

    .bss
    .balign 16
    .space 0xc000
stack_end:
