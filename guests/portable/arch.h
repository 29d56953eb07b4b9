/* What an ISA supplies to the sources in this folder. runtime/<family>/ has target.h, with three macros, and functions
 * in C or assembly. An ISA that lacks one of these abilities lacks the functions, and the guest that needs them.
 *
 * target.h:  MMIO_BASE       what is added to a device's physical address (0 nearly everywhere)
 *            HAS_INTERRUPTS  1 where the timer and the external interrupt of `bare` arrive at a handler
 *            arch_idle()     what is repeated for ever where nothing is left to do; halts where the ISA can
 *
 * start.S:   _start: a stack, the vectors, interrupts off, then main(), then exit(main's result). Memory is zero at
 *            power-on. Linked into every guest; the rest is linked where something names it. */
#ifndef ARCH_H
#define ARCH_H

#include "board.h"
#include "types.h"

#define ANY (~0ul)

/* Calls to the virtual machine monitor (guest hypercall). */
ulong arch_hypercall(ulong number, ulong first, ulong second);

/* Interrupts (guests timer-interrupt and halt). They are off when main() begins. The vector code saves the registers
 * and calls arch_interrupt(), which is ours. An ISA that cannot tell its lines apart passes line_of_devices(). */
enum line { LINE_TIMER, LINE_EXTERNAL, LINE_SOFTWARE };

void arch_interrupts_on(void);
void arch_interrupts_off(void);
void arch_interrupt(enum line line);
extern void (*on_interrupt)(enum line line);

#ifdef BOARD_BARE
static inline enum line line_of_devices(void) {
    return read32(TIMER_STATUS) & 1 ? LINE_TIMER : LINE_EXTERNAL;
}
#endif

/* Sleep (guest halt), called with interrupts off. Where interrupts exist: until one is pending, then let its handler
 * run, and return with interrupts off again; none may be taken between letting them in and falling asleep, or the sleep
 * has no end. Where they do not exist: for ever. */
void arch_halt(void);

/* Synchronous traps (guest traps). Each probe is a few instructions of assembly, one of which traps. */
struct arch_probe {
    const char *name;
    void (*code)(void);
    const char *pc;     /* the pc that the trap reports: a label in the code, before or after the instruction; 0: any */
    const char *resume; /* where the code goes on */
    ulong vector;       /* the number that the ISA's descriptor gives this cause */
    ulong address;      /* what was to be accessed, or ANY */
};
extern const struct arch_probe arch_probes[];
extern const u32 arch_probe_count;

/* A row of arch_probes for code at `symbol` with the labels symbol_pc and symbol_resume. */
#define PROBE(name, symbol, vector, address) {name, symbol, symbol##_pc, symbol##_resume, vector, address}
#define PROBE_CODE(symbol) \
    void symbol(void);     \
    extern const char symbol##_pc[], symbol##_resume[]

/* Ours, called by the vector code: vector, pc and address as above (ANY where the ISA has none). Returns where to go
 * on, with every other register as it was. A trap that no probe expects is printed, and ends with exit code 2. */
ulong arch_trap(ulong vector, ulong pc, ulong address);

/* From now on no handler takes a trap: one ends the run (guest crash). */
void arch_no_vector(void);

/* Ways to access a device (guest mmio-forms): code(address, value), a few instructions of assembly. */
enum form_kind {
    FORM_LOAD,  /* reads one register once, returns what it read */
    FORM_STORE, /* writes `value` once, returns anything */
    FORM_OTHER  /* reads and writes, or does more than one access */
};
struct arch_form {
    const char *name;
    ulong (*code)(ulong address, ulong value);
    enum form_kind kind;
    ulong value;  /* the second argument */
    ulong result; /* what it returns where the register held PATTERN, or ANY */
    u32 after;    /* what the register holds then */
};
extern const struct arch_form arch_forms[];
extern const u32 arch_form_count;

#define PATTERN 0x89abcdefu
#define SIGNED(word) ((ulong)(long)(int)(word))

#endif
