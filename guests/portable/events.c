/* What the ISA's vector code calls. */
#include "events.h"

#include "check.h"
#include "console.h"

void (*on_interrupt)(enum line line);
struct trap_seen trap_seen;
const struct arch_probe *trap_expected;

void arch_interrupt(enum line line) {
    if (!on_interrupt) {
        print("unexpected interrupt: line %d\n", (int)line);
        exit(2);
    }
    on_interrupt(line);
}

ulong arch_trap(ulong vector, ulong pc, ulong address) {
    if (!trap_expected || trap_seen.count) {
        print("unexpected trap: vector %lu, pc 0x%lx, address 0x%lx\n", vector, pc, address);
        exit(2);
    }
    trap_seen = (struct trap_seen){1, vector, pc, address};
    return (ulong)trap_expected->resume;
}
