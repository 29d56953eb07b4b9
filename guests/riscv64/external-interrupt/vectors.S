/* A vectored trap table: entry n is at base + 4 * n, notes n in `vectored` and goes on as a direct trap does. */
#include "width.h"

    .section .text.vectors, "ax"
    .macro ENTRY number
entry_\number:
    csrrw sp, mscratch, sp
    STORE t0, -REG(sp)
    STORE t1, -2 * REG(sp)
    li t0, \number
    la t1, vectored
    STORE t0, (t1)
    LOAD t0, -REG(sp)
    LOAD t1, -2 * REG(sp)
    csrrw sp, mscratch, sp
    j machine_entry
    .endm

    .option norvc
    .balign 64
    .globl vectors
vectors:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    j entry_\n
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ENTRY \n
    .endr

    .bss
    .balign 8
    .globl vectored
vectored:
    .space 8
