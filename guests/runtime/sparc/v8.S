/* Where every guest begins on SPARC V8, and its traps: window overflow and underflow by the manual's handlers, all others
 * through one entry to sparc_trap(struct trap *). Traps stay enabled; interrupts are held off by PIL. */
#include "trap.h"

#define TABLE 0x8000 /* 4 KiB: four instructions for each of 256 trap types, written by _start */
#define PSR_ET 0x20
#define PSR_PIL 0xf00

    .section .text.start, "ax"
    .globl _start
    .type _start, #function
_start:
    mov 0xfa0, %g1 /* S, ET off, PIL 15, window 0 */
    andn %g1, PSR_ET, %g1
    wr %g1, %psr
    nop
    nop
    nop
    mov -1, %g1 /* how many windows there are: WIM keeps a bit for each */
    wr %g1, %wim
    nop
    nop
    nop
    rd %wim, %g1
    set last_window, %g2
    clr %g3
1:  srl %g1, 1, %g1
    tst %g1
    bne,a 1b
    inc %g3
    st %g3, [%g2]
    mov 2, %g1 /* window 1 is invalid: a save from window 2 overflows */
    wr %g1, %wim

    set TABLE, %g1
    wr %g1, %tbr
    set any_entry, %g2
    set TABLE + 4096, %g4
2:  ldd [%g2], %o0
    std %o0, [%g1]
    ldd [%g2 + 8], %o0
    std %o0, [%g1 + 8]
    add %g1, 16, %g1
    cmp %g1, %g4
    bne 2b
    nop
    set TABLE + 0x50, %g1
    ldd [%g2 + 16], %o0 /* overflow_entry */
    std %o0, [%g1]
    ldd [%g2 + 24], %o0
    std %o0, [%g1 + 8]
    ldd [%g2 + 32], %o0 /* underflow_entry */
    std %o0, [%g1 + 16]
    ldd [%g2 + 40], %o0
    std %o0, [%g1 + 24]

    set stack_top - 96, %sp
    clr %fp
    rd %psr, %g1
    wr %g1, PSR_ET, %psr
    nop
    nop
    nop
    call main
    nop
    call exit
    nop
    .size _start, . - _start

    .balign 8
any_entry:
    rd %psr, %l0
    sethi %hi(any_trap), %l4
    jmp %l4 + %lo(any_trap)
    rd %tbr, %l3
overflow_entry:
    rd %wim, %l3
    sethi %hi(overflow), %l4
    jmp %l4 + %lo(overflow)
    mov %g1, %l7
underflow_entry:
    rd %wim, %l3
    sethi %hi(underflow), %l4
    jmp %l4 + %lo(underflow)
    nop

    /* %l1, %l2: pc and npc; %l3: WIM. The window behind this one is stored, and is the invalid one from now on. */
    .type overflow, #function
overflow:
    sethi %hi(last_window), %l4
    ld [%l4 + %lo(last_window)], %l4
    srl %l3, 1, %g1
    sll %l3, %l4, %l4
    or %l4, %g1, %g1
    save
    wr %g1, %wim
    nop
    nop
    nop
    std %l0, [%sp]
    std %l2, [%sp + 8]
    std %l4, [%sp + 16]
    std %l6, [%sp + 24]
    std %i0, [%sp + 32]
    std %i2, [%sp + 40]
    std %i4, [%sp + 48]
    std %i6, [%sp + 56]
    restore
    mov %l7, %g1
    jmp %l1
    rett %l2
    .size overflow, . - overflow

    /* The window two further up, to which the restore was to go, is loaded. */
    .type underflow, #function
underflow:
    sethi %hi(last_window), %l4
    ld [%l4 + %lo(last_window)], %l5
    srl %l3, %l5, %l5
    sll %l3, 1, %l4
    wr %l4, %l5, %wim
    nop
    nop
    nop
    restore
    restore
    ldd [%sp], %l0
    ldd [%sp + 8], %l2
    ldd [%sp + 16], %l4
    ldd [%sp + 24], %l6
    ldd [%sp + 32], %i0
    ldd [%sp + 40], %i2
    ldd [%sp + 48], %i4
    ldd [%sp + 56], %i6
    save
    save
    jmp %l1
    rett %l2
    .size underflow, . - underflow

    /* %l0: PSR, %l1, %l2: pc and npc, %l3: TBR. */
    .type any_trap, #function
any_trap:
    rd %wim, %l4
    srl %l4, %l0, %l5 /* by the window: is this one invalid? */
    btst 1, %l5
    be 1f
    nop
    mov %g1, %l7 /* then make the next one so, as an overflow does */
    sethi %hi(last_window), %l5
    ld [%l5 + %lo(last_window)], %l5
    srl %l4, 1, %g1
    sll %l4, %l5, %l5
    or %l5, %g1, %g1
    save
    wr %g1, %wim
    nop
    nop
    nop
    std %l0, [%sp]
    std %l2, [%sp + 8]
    std %l4, [%sp + 16]
    std %l6, [%sp + 24]
    std %i0, [%sp + 32]
    std %i2, [%sp + 40]
    std %i4, [%sp + 48]
    std %i6, [%sp + 56]
    restore
    mov %l7, %g1
1:  sub %fp, FRAME, %sp
    srl %l3, 4, %l3
    and %l3, 0xff, %l3
    st %l3, [%sp + SAVED]
    st %g1, [%sp + SAVED + 4]
    std %g2, [%sp + SAVED + 8]
    std %g4, [%sp + SAVED + 16]
    std %g6, [%sp + SAVED + 24]
    rd %y, %l4
    st %l4, [%sp + SAVED + 32]
    st %l1, [%sp + SAVED + 36]
    st %l2, [%sp + SAVED + 40]
    st %l0, [%sp + SAVED + 44]
    or %l0, PSR_PIL, %l4
    wr %l4, PSR_ET, %psr /* ET was off */
    nop
    nop
    nop
    call sparc_trap
    add %sp, SAVED, %o0

    ld [%sp + SAVED + 44], %l0
    ld [%sp + SAVED + 40], %l2
    ld [%sp + SAVED + 36], %l1
    ld [%sp + SAVED + 32], %l4
    wr %l4, %y
    ldd [%sp + SAVED + 24], %g6
    ldd [%sp + SAVED + 16], %g4
    ldd [%sp + SAVED + 8], %g2
    ld [%sp + SAVED + 4], %g1
    rd %psr, %l4 /* the window is this one's, the rest is the interrupted program's; ET off */
    and %l4, 0x1f, %l4
    andn %l0, 0x1f, %l0
    or %l0, %l4, %l0
    andn %l0, PSR_ET, %l0
    wr %l0, %psr
    nop
    nop
    nop
    rd %wim, %l3
    add %l4, 1, %l5 /* the window that rett goes to: fill it if it is the invalid one */
    sethi %hi(last_window), %l6
    ld [%l6 + %lo(last_window)], %l6
    cmp %l5, %l6
    bg,a 2f
    clr %l5
2:  srl %l3, %l5, %l4
    btst 1, %l4
    be 3f
    nop
    srl %l3, %l6, %l5
    sll %l3, 1, %l4
    wr %l4, %l5, %wim
    nop
    nop
    nop
    restore
    ldd [%sp], %l0
    ldd [%sp + 8], %l2
    ldd [%sp + 16], %l4
    ldd [%sp + 24], %l6
    ldd [%sp + 32], %i0
    ldd [%sp + 40], %i2
    ldd [%sp + 48], %i4
    ldd [%sp + 56], %i6
    save
3:  wr %l0, %psr /* once more: the comparisons have changed icc */
    nop
    nop
    nop
    jmp %l1
    rett %l2
    .size any_trap, . - any_trap

    .bss
    .balign 8
last_window:
    .space 4
    .balign 16
stack:
    .space 65536
    .globl stack_top
stack_top:
