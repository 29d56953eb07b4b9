/* Traps as C sees them, and the way into S and U mode. */
#ifndef TRAP_H
#define TRAP_H

#include "csr.h"

/* The interrupted registers; trap.S has the same layout. What a handler changes here is changed on return. */
struct trap {
    ulong x[32];
    ulong epc, cause, tval, status;
};

typedef void trap_handler(struct trap *);

/* Called for traps taken in M and in S mode. The default prints the trap and powers off with code 2. */
extern trap_handler *machine_trap, *supervisor_trap;

/* Trap vectors (xtvec) that save the registers and call the handlers above. */
void machine_entry(void);
void supervisor_entry(void);

/* From M mode: run code(argument) in S or U mode on this stack and return its result. The code ends by returning, or
 * by ecall with a7 = LEAVE and the result in a0. Opens physical memory protection. Hart 0 only. */
ulong enter(enum mode mode, ulong (*code)(ulong), ulong argument);

/* Set up sscratch and stvec, so that delegated traps arrive at supervisor_trap. Hart 0 only. */
void supervisor_setup(void);

/* One trap caught by probe(). `taken_in` is the mode whose vector it went to. */
struct caught {
    ulong count, cause, epc, tval, status;
    enum mode taken_in;
};
extern struct caught caught;

/* Call code(argument); traps on the way are recorded in `caught` (the last one, and how many) and the faulting
 * instruction is skipped; a fault on fetch returns to the caller. Returns the code's result. */
ulong probe(ulong (*code)(ulong), ulong argument);

/* The same, run in S or U mode through enter(). */
ulong probe_in(enum mode mode, ulong (*code)(ulong), ulong argument);

#endif
