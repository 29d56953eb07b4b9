/* Where every guest begins: new PSWs, a stack, then main(), whose result is the exit code. */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    larl %r1, new_psws
    mvc 0x1b0(48), 0(%r1)       /* external, supervisor call, program: from real address 0x1b0 on */
    lctlg %c0, %c0, 48(%r1)
    larl %r15, stack_end
    aghi %r15, -160
    brasl %r14, main
    brasl %r14, exit
    .size _start, . - _start

    .section .rodata.start, "a"
    .balign 8
new_psws:
    .quad 0x0000000180000000, external_taken
    .quad 0x0000000180000000, call_taken
    .quad 0x0000000180000000, program_taken
    .quad 0x00000000000440e0    /* control register 0 as after reset, AFP registers, emergency signal */

    .bss
    .balign 16
    .space 16384
stack_end:
