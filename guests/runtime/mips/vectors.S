/* An exception: every register that C may change is kept; C says where to go on. */
#include "asm.h"

    .set noreorder
    .set noat
    .text

#define FRAME (32 + 20 * WORD)
#define AT(n) (32 + (n) * WORD)

    .globl vector
vector:
    ADDIU $29, $29, -FRAME
    SAVE $1, AT(0)($29)
    SAVE $2, AT(1)($29)
    SAVE $3, AT(2)($29)
    SAVE $4, AT(3)($29)
    SAVE $5, AT(4)($29)
    SAVE $6, AT(5)($29)
    SAVE $7, AT(6)($29)
    SAVE $8, AT(7)($29)
    SAVE $9, AT(8)($29)
    SAVE $10, AT(9)($29)
    SAVE $11, AT(10)($29)
    SAVE $12, AT(11)($29)
    SAVE $13, AT(12)($29)
    SAVE $14, AT(13)($29)
    SAVE $15, AT(14)($29)
    SAVE $24, AT(15)($29)
    SAVE $25, AT(16)($29)
    SAVE $31, AT(17)($29)
    mfhi $8
    mflo $9
    SAVE $8, AT(18)($29)
    SAVE $9, AT(19)($29)
    mfc0 $4, CAUSE
    mfc0 $5, STATUS
    FROM $6, EPC
    jal exception
    FROM $7, BADVADDR
    TO $2, EPC
    LOAD $8, AT(18)($29)
    LOAD $9, AT(19)($29)
    mthi $8
    mtlo $9
    LOAD $1, AT(0)($29)
    LOAD $2, AT(1)($29)
    LOAD $3, AT(2)($29)
    LOAD $4, AT(3)($29)
    LOAD $5, AT(4)($29)
    LOAD $6, AT(5)($29)
    LOAD $7, AT(6)($29)
    LOAD $8, AT(7)($29)
    LOAD $9, AT(8)($29)
    LOAD $10, AT(9)($29)
    LOAD $11, AT(10)($29)
    LOAD $12, AT(11)($29)
    LOAD $13, AT(12)($29)
    LOAD $14, AT(13)($29)
    LOAD $15, AT(14)($29)
    LOAD $24, AT(15)($29)
    LOAD $25, AT(16)($29)
    LOAD $31, AT(17)($29)
    ADDIU $29, $29, FRAME
    eret
