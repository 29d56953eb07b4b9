#include "width.h"

#define FRAME (36 * REG)

    .macro EACH_REGISTER operation
    \operation x1, 1 * REG(sp)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \operation x\n, \n * REG(sp)
    .endr
    .endm

    /* The scratch register holds the top of this hart's trap stack whenever no trap is being handled. */
    .macro TRAP_ENTRY name, handler, mode, return
    .balign 4
    .globl \name
    .type \name, @function
\name:
    csrrw sp, \mode\()scratch, sp
    addi sp, sp, -FRAME
    EACH_REGISTER STORE
    addi t0, sp, FRAME
    csrrw t0, \mode\()scratch, t0
    STORE t0, 2 * REG(sp)
    csrr t0, \mode\()epc
    csrr t1, \mode\()cause
    csrr t2, \mode\()tval
    csrr t3, \mode\()status
    STORE t0, 32 * REG(sp)
    STORE t1, 33 * REG(sp)
    STORE t2, 34 * REG(sp)
    STORE t3, 35 * REG(sp)
    mv a0, sp
    call \handler
    LOAD t0, 32 * REG(sp)
    LOAD t3, 35 * REG(sp)
    csrw \mode\()epc, t0
    csrw \mode\()status, t3
    EACH_REGISTER LOAD
    LOAD sp, 2 * REG(sp)
    \return
    .size \name, . - \name
    .endm

    .text
    TRAP_ENTRY supervisor_entry, supervisor_dispatch, s, sret

#ifndef FIRMWARE
    TRAP_ENTRY machine_entry, machine_dispatch, m, mret

    .globl enter
    .type enter, @function
enter:
    addi sp, sp, -16 * REG
    STORE ra, 0 * REG(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    STORE s\n, (1 + \n) * REG(sp)
    .endr
    la t0, entered_from
    STORE sp, 0(t0)
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, 3 << 11
    csrc mstatus, t0
    slli a0, a0, 11
    csrs mstatus, a0
    csrw mepc, a1
    mv a0, a2
    la ra, leave
    mret
leave:
    li a7, LEAVE
    ecall
    .size enter, . - enter

    /* machine_dispatch returns to here in M mode for LEAVE. */
    .globl left
    .type left, @function
left:
    la t0, entered_from
    LOAD sp, 0(t0)
    LOAD ra, 0 * REG(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    LOAD s\n, (1 + \n) * REG(sp)
    .endr
    addi sp, sp, 16 * REG
    ret
    .size left, . - left

    .bss
    .balign 8
entered_from:
    .space 8
#endif
