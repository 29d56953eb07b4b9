/* Where every guest begins: stack, trap vector, then main(), whose result is the exit code. In M mode the harts other
 * than 0 wait for their software interrupt and go to secondary(hart). */
#include "width.h"

#ifdef FIRMWARE
#define SCRATCH sscratch
#define VECTOR stvec
#define ENTRY supervisor_entry
#else
#define SCRATCH mscratch
#define VECTOR mtvec
#define ENTRY machine_entry
#endif

    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
#ifndef FIRMWARE
    csrr a0, mhartid
    bnez a0, hart_entry
#endif
    call hart_setup
    call main
    call exit

    /* a0 = hart id */
    .globl hart_entry
    .type hart_entry, @function
hart_entry:
    call hart_setup
#ifndef FIRMWARE
    csrsi mie, 1 << 3
1:  wfi
    csrr t0, mip
    andi t0, t0, 1 << 3
    beqz t0, 1b
#endif
    call secondary
2:  wfi
    j 2b
    .size hart_entry, . - hart_entry

    /* Keeps a0 and a1. */
    .type hart_setup, @function
hart_setup:
    addi t0, a0, 1
    la sp, stacks
    slli t1, t0, STACK_SHIFT
    add sp, sp, t1
    la t1, trap_stacks
    slli t0, t0, TRAP_STACK_SHIFT
    add t1, t1, t0
    csrw SCRATCH, t1
    la t0, ENTRY
    csrw VECTOR, t0
    ret
    .size hart_setup, . - hart_setup

    .weak secondary
    .type secondary, @function
secondary:
    wfi
    j secondary
    .size secondary, . - secondary

    .bss
    .balign 16
    .globl stacks
stacks:
    .space MAX_HARTS << STACK_SHIFT
trap_stacks:
    .space MAX_HARTS << TRAP_STACK_SHIFT
    .globl stacks_end
stacks_end:
