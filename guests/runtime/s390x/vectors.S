/* Where the new PSWs go: registers are saved at real address 0x200, then on the stack, and taken(kind, frame) is called. */
.macro entry name, kind, old
    .globl \name
    .type \name, @function
\name:
    stmg %r0, %r15, 0x200
    aghi %r15, -320
    mvc 160(128, %r15), 0x200
    lghi %r2, \kind
    la %r3, 160(%r15)
    brasl %r14, taken
    lmg %r0, %r15, 160(%r15)
    lpswe \old
    .size \name, . - \name
.endm

    .text
    entry external_taken, 0, 0x130
    entry call_taken, 1, 0x140
    entry program_taken, 2, 0x150

    .globl arch_wait_for_ever
    .type arch_wait_for_ever, @function
arch_wait_for_ever:
    larl %r1, waits
    lpswe 0(%r1)
    .size arch_wait_for_ever, . - arch_wait_for_ever

    .section .rodata.waits, "a"
    .balign 8
waits:
    .quad 0x0002000180000000, 0
