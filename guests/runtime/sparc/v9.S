/* Where every guest begins on SPARC V9, and its traps: spill and fill of register windows in their vectors, all others
 * through one entry to sparc_trap(struct trap *), which runs at trap level 0 with interrupts off. */
#include "trap.h"

#define TABLE 0x8000 /* 32 KiB: eight instructions for each of 512 trap types, at level 0 and above; written by _start */
#define SPILL 0x80
#define FILL 0xc0
#define PSTATE_AG 1
#define PSTATE 0x14 /* PEF, PRIV */

    .register %g2, #scratch
    .register %g3, #scratch
    .register %g6, #scratch
    .register %g7, #scratch

    .section .text.start, "ax"
    .globl _start
    .type _start, #function
_start:
    wrpr %g0, PSTATE, %pstate
    wrpr %g0, 0, %tl
    wrpr %g0, 15, %pil
    wrpr %g0, 0, %cwp
    wrpr %g0, 0, %wstate
    wrpr %g0, 0, %otherwin
    wrpr %g0, 0, %canrestore
    rdpr %ver, %g1
    and %g1, 0x1f, %g1
    wrpr %g1, %cleanwin
    dec %g1
    wrpr %g1, %cansave

    set TABLE, %g1
    wrpr %g1, %tba
    set any_entry, %g2
    clr %g4
1:  add %g2, 32, %g3
2:  ldx [%g2], %g5
    stx %g5, [%g1]
    add %g2, 8, %g2
    cmp %g2, %g3
    bne %xcc, 2b
    add %g1, 8, %g1
    sub %g2, 32, %g2
    inc %g4
    cmp %g4, 1024
    bne %xcc, 1b
    nop
    set TABLE + 32 * SPILL, %g1
    set spill, %g2
    mov 32, %g4
3:  ldx [%g2], %g5
    stx %g5, [%g1]
    set 0x4000, %g3
    stx %g5, [%g1 + %g3]
    ldx [%g2 + 128], %g5 /* fill */
    add %g1, 32 * (FILL - SPILL), %g6
    stx %g5, [%g6]
    stx %g5, [%g6 + %g3]
    add %g2, 8, %g2
    add %g1, 8, %g1
    subcc %g4, 2, %g4
    bne %xcc, 3b
    nop

    set stack_top - 176 - BIAS, %sp
    clr %fp
    call main
    nop
    call exit
    sra %o0, 0, %o0
    .size _start, . - _start

    .balign 8
any_entry:
    rdpr %tt, %g1
    rdpr %tpc, %g2
    rdpr %tnpc, %g3
    rdpr %tstate, %g4
    sethi %hi(any_trap), %g5
    jmp %g5 + %lo(any_trap)
    nop
    nop

    .balign 8
spill: /* 32 instructions */
    stx %l0, [%sp + BIAS]
    stx %l1, [%sp + BIAS + 8]
    stx %l2, [%sp + BIAS + 16]
    stx %l3, [%sp + BIAS + 24]
    stx %l4, [%sp + BIAS + 32]
    stx %l5, [%sp + BIAS + 40]
    stx %l6, [%sp + BIAS + 48]
    stx %l7, [%sp + BIAS + 56]
    stx %i0, [%sp + BIAS + 64]
    stx %i1, [%sp + BIAS + 72]
    stx %i2, [%sp + BIAS + 80]
    stx %i3, [%sp + BIAS + 88]
    stx %i4, [%sp + BIAS + 96]
    stx %i5, [%sp + BIAS + 104]
    stx %i6, [%sp + BIAS + 112]
    stx %i7, [%sp + BIAS + 120]
    saved
    retry
    .rept 14
    nop
    .endr
fill:
    ldx [%sp + BIAS], %l0
    ldx [%sp + BIAS + 8], %l1
    ldx [%sp + BIAS + 16], %l2
    ldx [%sp + BIAS + 24], %l3
    ldx [%sp + BIAS + 32], %l4
    ldx [%sp + BIAS + 40], %l5
    ldx [%sp + BIAS + 48], %l6
    ldx [%sp + BIAS + 56], %l7
    ldx [%sp + BIAS + 64], %i0
    ldx [%sp + BIAS + 72], %i1
    ldx [%sp + BIAS + 80], %i2
    ldx [%sp + BIAS + 88], %i3
    ldx [%sp + BIAS + 96], %i4
    ldx [%sp + BIAS + 104], %i5
    ldx [%sp + BIAS + 112], %i6
    ldx [%sp + BIAS + 120], %i7
    restored
    retry
    .rept 14
    nop
    .endr

    /* In the alternate globals: %g1: tt, %g2, %g3: pc and npc, %g4: tstate. */
    .type any_trap, #function
any_trap:
    save %sp, -FRAME, %sp
    mov %g1, %l0
    mov %g2, %l1
    mov %g3, %l2
    mov %g4, %l3
    wrpr %g0, PSTATE, %pstate /* the interrupted program's globals */
    wrpr %g0, 0, %tl
    rdpr %pil, %l4
    wrpr %g0, 15, %pil
    stx %l0, [%sp + SAVED]
    stx %g1, [%sp + SAVED + 8]
    stx %g2, [%sp + SAVED + 16]
    stx %g3, [%sp + SAVED + 24]
    stx %g4, [%sp + SAVED + 32]
    stx %g5, [%sp + SAVED + 40]
    stx %g6, [%sp + SAVED + 48]
    stx %g7, [%sp + SAVED + 56]
    rd %y, %l5
    stx %l5, [%sp + SAVED + 64]
    stx %l1, [%sp + SAVED + 72]
    stx %l2, [%sp + SAVED + 80]
    stx %l3, [%sp + SAVED + 88]
    call sparc_trap
    add %sp, SAVED, %o0

    ldx [%sp + SAVED + 64], %l5
    wr %l5, %y
    ldx [%sp + SAVED + 72], %l1
    ldx [%sp + SAVED + 80], %l2
    ldx [%sp + SAVED + 88], %l3
    ldx [%sp + SAVED + 8], %g1
    ldx [%sp + SAVED + 16], %g2
    ldx [%sp + SAVED + 24], %g3
    ldx [%sp + SAVED + 32], %g4
    ldx [%sp + SAVED + 40], %g5
    ldx [%sp + SAVED + 48], %g6
    ldx [%sp + SAVED + 56], %g7
    wrpr %l4, %pil
    wrpr %g0, PSTATE | PSTATE_AG, %pstate
    wrpr %g0, 1, %tl
    wrpr %l1, %tpc
    wrpr %l2, %tnpc
    wrpr %l3, %tstate
    restore
    retry
    .size any_trap, . - any_trap

    .bss
    .balign 16
stack:
    .space 65536
    .globl stack_top
stack_top:
