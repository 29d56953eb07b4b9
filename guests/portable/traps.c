/* Every synchronous trap that the ISA can deliver: its vector, the pc and the address that it reports. */
#include "check.h"
#include "console.h"
#include "events.h"

static void compare(const char *name, const char *what, ulong actual, ulong expected) {
    if (actual == expected) return;
    print("FAIL %s: %s: expected 0x%lx, got 0x%lx\n", name, what, expected, actual);
    exit(1);
}

static void raise(const struct arch_probe *probe) {
    trap_seen.count = 0;
    trap_expected = probe;
    probe->code();
    trap_expected = 0;
    compare(probe->name, "traps", trap_seen.count, 1);
    compare(probe->name, "vector", trap_seen.vector, probe->vector);
    if (probe->pc) compare(probe->name, "pc", trap_seen.pc, (ulong)probe->pc);
    if (probe->address != ANY) compare(probe->name, "address", trap_seen.address, probe->address);
}

int main(void) {
    for (u32 i = 0; i < arch_probe_count; i++) {
        const struct arch_probe *probe = &arch_probes[i];
        for (u32 round = 0; round < 3; round++) raise(probe);
        print("ok %s: vector %lu\n", probe->name, probe->vector);
    }
    console_puts("ok all traps\n");
    return 0;
}
