/* Where every guest begins: a stack, the vector table at 0, then main(), whose result is the exit code. */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    lea stack_end, %sp
    lea 0, %a0
    lea vector_stubs, %a1
    move.l #256, %d0
1:  move.l %a1, (%a0)+
    addq.l #4, %a1
    subq.l #1, %d0
    bne 1b
    jsr main
    move.l %d0, -(%sp)
    jsr exit
    .size _start, . - _start

    .bss
    .balign 16
    .globl user_stack_end
    .space 4096
user_stack_end:
    .space 8192
stack_end:
