/* Where every guest begins: a stack, then main(), whose result is the exit code. */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    adrp x0, stack_end
    add x0, x0, :lo12:stack_end
    mov sp, x0
    bl main
    bl exit
    .size _start, . - _start

    .bss
    .balign 16
    .space 8192
stack_end:
