/* What the vector code saves of a trap, on the stack of what was interrupted. */
#ifndef TRAP_H
#define TRAP_H

#ifdef __ASSEMBLER__
#ifdef __arch64__
#define WORD 8
#define BIAS 2047
#define FRAME (176 + 16 * 8)
#define SAVED (BIAS + 176)
#define STORE stx
#define LOAD ldx
#else
#define WORD 4
#define FRAME (96 + 16 * 4)
#define SAVED 96
#define STORE st
#define LOAD ld
#endif
#else
#include "types.h"

struct trap {
    ulong g[8]; /* g[0]: the trap type */
    ulong y, pc, npc, status; /* PSR, or TSTATE */
};
#endif

#endif
