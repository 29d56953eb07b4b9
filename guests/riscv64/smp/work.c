#include "work.h"

#include "check.h"
#include "console.h"

#define ROUNDS 500u
#define LAPS 20u

static volatile u32 lock, locked, added, reserved, largest, bits, parity, laps, asleep, ready;
static u32 waiting, generation;

static void acquire(void) {
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
    }
}

static void release(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }

static void barrier(u32 harts) {
    u32 mine = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&waiting, 1, __ATOMIC_ACQ_REL) == harts) {
        waiting = 0;
        __atomic_store_n(&generation, mine + 1, __ATOMIC_RELEASE);
        return;
    }
    while (__atomic_load_n(&generation, __ATOMIC_ACQUIRE) == mine) {
    }
}

static void add_reserved(volatile u32 *counter, u32 amount) {
    u32 failed, value;
    do {
        __asm__ volatile("lr.w %1, (%2)\n"
                         "add %1, %1, %3\n"
                         "sc.w %0, %1, (%2)\n"
                         : "=&r"(failed), "=&r"(value)
                         : "r"(counter), "r"(amount)
                         : "memory");
    } while (failed);
}

static void sleep_until_rung(ulong hart) {
    while (!rung(hart)) __asm__ volatile("wfi" ::: "memory");
    unring(hart);
}

static void count(ulong hart) {
    for (u32 round = 0; round < ROUNDS; round++) {
        acquire();
        locked++; /* not atomic: the lock keeps it */
        release();
        __atomic_fetch_add(&added, round, __ATOMIC_RELAXED);
        add_reserved(&reserved, round);
    }
    __atomic_fetch_or(&bits, 1u << hart, __ATOMIC_RELAXED);
    __atomic_fetch_xor(&parity, 1u << hart | 0x100u, __ATOMIC_RELAXED);
    u32 mine = 100 + (u32)hart;
    __asm__ volatile("amomaxu.w zero, %1, (%0)" : : "r"(&largest), "r"(mine) : "memory");
}

/* A token goes round: each hart sleeps until its neighbour rings. */
static void run_laps(ulong hart, ulong lead, u32 harts) {
    for (u32 lap = 0; lap < LAPS; lap++) {
        if (hart != lead) sleep_until_rung(hart);
        laps++;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        ring((hart + 1) % harts);
        if (hart == lead) sleep_until_rung(hart);
    }
}

/* One hart halts while the lead works on, and wakes when it is rung, not before. */
static void halt_one(ulong hart, ulong lead, u32 harts) {
    if (hart == (lead + 1) % harts) {
        asleep = 1;
        sleep_until_rung(hart);
        if (!ready) fail("woken before it was rung");
    } else if (hart == lead) {
        while (!asleep) {
        }
        for (volatile u32 i = 0; i < 50000; i++) {
        }
        ready = 1;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        ring((lead + 1) % harts);
    }
}

void work(ulong hart, ulong lead, u32 harts) {
    barrier(harts);
    count(hart);
    barrier(harts);
    run_laps(hart, lead, harts);
    barrier(harts);
    halt_one(hart, lead, harts);
    barrier(harts);
    if (hart != lead) return;
    u32 sum = harts * (ROUNDS * (ROUNDS - 1) / 2);
    check("spin lock", locked, harts * ROUNDS);
    check("atomic additions", added, sum);
    check("lr and sc", reserved, sum);
    check("amoor", bits, (1u << harts) - 1);
    check("amoxor", parity, ((1u << harts) - 1) | (harts & 1 ? 0x100u : 0));
    check("amomaxu", largest, 100 + harts - 1);
    check("laps of the token", laps, harts * LAPS);
    check("a hart that halted and was woken", ready, 1);
    print("checksum %x\n", locked * 31 + (added ^ reserved << 1) + bits * 7 + laps);
}
