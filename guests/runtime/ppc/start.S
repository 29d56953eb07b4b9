/* Where every guest begins: vectors, machine checks and floating point on, a stack, then main(), whose result is the exit
 * code.
 *
 * Each vector gets three instructions: keep r3, load the vector's offset, branch to `vectored`. */
#include "width.h"

#define LAST_VECTOR 0x2000
#define BETWEEN 0x20

    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    lis 9, 0x7c71
    ori 9, 9, 0x43a6            /* mtsprg1 r3 */
    lis 10, vectored@ha
    addi 10, 10, vectored@l
    oris 10, 10, 0x4800
    ori 10, 10, 2               /* ba vectored */
    li 8, 0x100
    lis 7, 0x3860               /* li r3, offset */
1:  or 11, 7, 8
    stw 9, 0(8)
    stw 11, 4(8)
    stw 10, 8(8)
    dcbst 0, 8
    sync
    icbi 0, 8
    addi 8, 8, BETWEEN
    cmplwi 8, LAST_VECTOR
    blt 1b
    sync
    isync
    mfmsr 9
    ori 9, 9, MSR_ME | MSR_FP
#ifndef __powerpc64__
    li 10, 0x40                 /* IP: vectors are at 0 */
    andc 9, 9, 10
#endif
    SET_MSR 9
    isync
    lis 1, stack_end@ha
    addi 1, 1, stack_end@l
#ifdef __powerpc64__
    lis 2, .TOC.@ha
    addi 2, 2, .TOC.@l
#endif
    li 0, 0
    STORE_UPDATE 0, -64(1)
    bl main
    bl exit
    .size _start, . - _start

    .bss
    .balign 16
    .space 16384
stack_end:
