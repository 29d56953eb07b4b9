/* The trap that the last probe raised. */
#ifndef EVENTS_H
#define EVENTS_H

#include "arch.h"

struct trap_seen {
    ulong count, vector, pc, address;
};
extern struct trap_seen trap_seen;
extern const struct arch_probe *trap_expected;

#endif
