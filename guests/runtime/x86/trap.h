/* What vectors.S leaves on the stack. */
#ifndef TRAP_H
#define TRAP_H

#include "types.h"

struct frame {
#ifdef __x86_64__
    ulong ax, bx, cx, dx, si, di, bp, r8, r9, r10, r11, r12, r13, r14, r15;
#else
    ulong ax, bx, cx, dx, si, di, bp;
#endif
    ulong vector, error, pc, cs, flags, sp, ss; /* sp and ss: in 32-bit mode only from another level */
};

/* A guest may take a vector itself: the handler returns 1 where it did. */
extern int (*on_vector)(struct frame *frame);

#endif
