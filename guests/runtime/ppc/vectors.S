/* Where every vector goes: r3 is its offset, SPRG1 what r3 was. Saves the registers and calls taken(frame). */
#include "width.h"

#define SLOTS 21
#define FRAME (64 + (SLOTS + 1) * WORD + 15) / 16 * 16
#define AT(slot) 64 + slot * WORD

    .text
    .globl vectored
    .type vectored, @function
vectored:
    STORE_UPDATE 1, -(FRAME + REDZONE)(1)
    STORE 0, AT(0)(1)
    STORE 2, AT(2)(1)
    STORE 4, AT(4)(1)
    STORE 5, AT(5)(1)
    STORE 6, AT(6)(1)
    STORE 7, AT(7)(1)
    STORE 8, AT(8)(1)
    STORE 9, AT(9)(1)
    STORE 10, AT(10)(1)
    STORE 11, AT(11)(1)
    STORE 12, AT(12)(1)
    mfsprg 4, 1
    STORE 4, AT(3)(1)
    mflr 4
    STORE 4, AT(13)(1)
    mfctr 4
    STORE 4, AT(14)(1)
    mfxer 4
    STORE 4, AT(15)(1)
    mfcr 4
    STORE 4, AT(16)(1)
    mfsrr0 4
    STORE 4, AT(17)(1)
    mfsrr1 4
    STORE 4, AT(18)(1)
    STORE 3, AT(19)(1)
    mfdar 4
    STORE 4, AT(20)(1)
#ifdef __powerpc64__
    lis 2, .TOC.@ha
    addi 2, 2, .TOC.@l
#endif
    addi 3, 1, AT(0)
    bl taken
    LOAD 4, AT(13)(1)
    mtlr 4
    LOAD 4, AT(14)(1)
    mtctr 4
    LOAD 4, AT(15)(1)
    mtxer 4
    LOAD 4, AT(16)(1)
    mtcr 4
    LOAD 4, AT(17)(1)
    mtsrr0 4
    LOAD 4, AT(18)(1)
    mtsrr1 4
    LOAD 0, AT(0)(1)
    LOAD 2, AT(2)(1)
    LOAD 3, AT(3)(1)
    LOAD 4, AT(4)(1)
    LOAD 5, AT(5)(1)
    LOAD 6, AT(6)(1)
    LOAD 7, AT(7)(1)
    LOAD 8, AT(8)(1)
    LOAD 9, AT(9)(1)
    LOAD 10, AT(10)(1)
    LOAD 11, AT(11)(1)
    LOAD 12, AT(12)(1)
    addi 1, 1, FRAME + REDZONE
    RETURN
    .size vectored, . - vectored
