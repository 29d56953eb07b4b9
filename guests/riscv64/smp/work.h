/* What a team of harts does together, however it was started and however its harts ring each other. */
#ifndef WORK_H
#define WORK_H

#include "types.h"

/* The way of ringing; smp.c has the board's software interrupts, smp-sbi.c the firmware's IPIs. */
void ring(ulong hart);
int rung(ulong hart);
void unring(ulong hart);

/* Every hart of the team calls this with its id; `lead` is the one that checks. The ids are 0 to harts - 1.
 * Ends when all have finished. Checks as it goes; `interrupts` must be enabled in xie and disabled in xstatus. */
void work(ulong hart, ulong lead, u32 harts);

#endif
