/* Four CPUs that count together: by load and store exclusive, and under a lock. */
#include "arch.h"
#include "check.h"
#include "console.h"

#define CPUS 4u
#define ROUNDS 2000u

static volatile u32 exclusive, locked, lock, finished, seen[CPUS];

static void add_exclusive(volatile u32 *word) {
    u32 value, failed;
    do
        __asm__ volatile("ldxr %w0, %2\n add %w0, %w0, #1\n stxr %w1, %w0, %2"
                         : "=&r"(value), "=&r"(failed), "+Q"(*word)::"memory");
    while (failed);
}

static void take(void) {
    u32 held, failed;
    do {
        __asm__ volatile("ldaxr %w0, %1" : "=r"(held) : "Q"(lock) : "memory");
        if (held) {
            __asm__ volatile("yield");
            failed = 1;
            continue;
        }
        __asm__ volatile("stxr %w0, %w2, %1" : "=&r"(failed), "+Q"(lock) : "r"(1) : "memory");
    } while (failed);
}

static void give(void) { __asm__ volatile("stlr wzr, %0" : "=Q"(lock)::"memory"); }

static void work(ulong number) {
    ulong affinity;
    __asm__ volatile("mrs %0, mpidr_el1" : "=r"(affinity));
    seen[number] = (u32)affinity;
    for (u32 round = 0; round < ROUNDS; round++) {
        add_exclusive(&exclusive);
        take();
        locked++;
        give();
    }
    add_exclusive(&finished);
}

void secondary(ulong number) {
    board_software(number, 0);
    work(number);
    for (;;) arch_idle();
}

int main(void) {
    for (ulong cpu = 1; cpu < CPUS; cpu++) board_software(cpu, 1);
    work(0);
    while (finished < CPUS) __asm__ volatile("wfe");
    for (u32 cpu = 0; cpu < CPUS; cpu++) check("affinity", seen[cpu], 0x80000000u | cpu);
    check("counted by exclusive accesses", exclusive, CPUS * ROUNDS);
    check("counted under a lock", locked, CPUS * ROUNDS);
    console_puts("ok smp\n");
    return 0;
}
