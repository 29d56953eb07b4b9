/* Entered at its physical address: Status.ERL of power-on leaves the low addresses untranslated. From here to kseg0, with
 * the vectors at its start, and to main, whose result is the exit code. */
#include "asm.h"

    .set noreorder
    .set noat
    .section .text.start, "ax"
    .globl _start
_start:
    lui $8, %hi(1f)
    addiu $8, $8, %lo(1f)
    jr $8
    nop
1:  mtc0 $0, STATUS /* the exception base of release 1: 0x80000000 */
    mtc0 $0, CAUSE
    lui $8, 0x8000
    lui $9, %hi(stub)
    addiu $9, $9, %lo(stub)
    li $10, 4
2:  lw $11, 0($9)
    sw $11, 0($8)     /* TLB refill */
    sw $11, 0x80($8)  /* the same of 64-bit addresses */
    sw $11, 0x180($8) /* everything else */
    addiu $8, $8, 4
    addiu $10, $10, -1
    bnez $10, 2b
    addiu $9, $9, 4
    lui $29, 0x8001 /* the stack lies below the program */
    jal main
    addiu $29, $29, -32
    jal exit
    move $4, $2

stub:
    lui $26, %hi(vector)
    addiu $26, $26, %lo(vector)
    jr $26
    nop
