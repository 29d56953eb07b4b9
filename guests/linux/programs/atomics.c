/* Atomic instructions: each by itself against plain arithmetic, and by several threads at once. */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tap.h"

enum { THREADS = 6, ROUNDS = 20000, NODES = 64 };

#define AMO(name)                                                                                    \
    static long name##_w(int *at, long value)                                                        \
    {                                                                                                \
        long old;                                                                                    \
        __asm__ volatile("amo" #name ".w %0, %2, %1" : "=r"(old), "+A"(*at) : "r"(value) : "memory"); \
        return old;                                                                                  \
    }                                                                                                \
    static long name##_d(long *at, long value)                                                       \
    {                                                                                                \
        long old;                                                                                    \
        __asm__ volatile("amo" #name ".d.aqrl %0, %2, %1"                                            \
                         : "=r"(old), "+A"(*at) : "r"(value) : "memory");                            \
        return old;                                                                                  \
    }

AMO(swap) AMO(add) AMO(and) AMO(or) AMO(xor) AMO(min) AMO(max) AMO(minu) AMO(maxu)

static long wanted(int operation, long old, long value, bool narrow)
{
    unsigned long a = narrow ? (unsigned int)old : (unsigned long)old;
    unsigned long b = narrow ? (unsigned int)value : (unsigned long)value;
    long signed_b = narrow ? (int)value : value;
    switch (operation) {
    case 0: return value;
    case 1: return old + value;
    case 2: return old & value;
    case 3: return old | value;
    case 4: return old ^ value;
    case 5: return old < signed_b ? old : signed_b;
    case 6: return old > signed_b ? old : signed_b;
    case 7: return a < b ? old : value;
    default: return a > b ? old : value;
    }
}

static void check_each(void)
{
    static long (*const narrow[])(int *, long) = {swap_w, add_w, and_w, or_w, xor_w, min_w, max_w, minu_w, maxu_w};
    static long (*const wide[])(long *, long) = {swap_d, add_d, and_d, or_d, xor_d, min_d, max_d, minu_d, maxu_d};
    uint64_t state = 7;
    int wrong_old = 0, wrong_new = 0;
    for (int i = 0; i < 20000; i++) {
        int operation = i % 9, word = (int)chance(&state), word_before = word;
        long value = (long)chance(&state), large = (long)chance(&state), large_before = large;
        wrong_old += narrow[operation](&word, value) != word_before;
        wrong_new += word != (int)wanted(operation, word_before, value, true);
        wrong_old += wide[operation](&large, value) != large_before;
        wrong_new += large != wanted(operation, large_before, value, false);
    }
    is(wrong_old, 0, "every operation gives what was there, of 32 bits with its sign");
    is(wrong_new, 0, "and leaves what it should");
}

static void check_reservation(void)
{
    long value = 5, failed, other = 1;
    __asm__ volatile("lr.d t0, %1\naddi t0, t0, 2\nsc.d %0, t0, %1" : "=r"(failed), "+A"(value) : : "t0", "memory");
    is(failed, 0, "a reservation that nothing broke holds");
    is(value, 7, "and its store is done");
    __asm__ volatile("sc.d %0, %2, %1" : "=r"(failed), "+A"(value) : "r"(9L) : "memory");
    ok(failed != 0 && value == 7, "a second store with the same reservation is not");
    __asm__ volatile("lr.d t0, %2\nsc.d %0, t0, %1"
                     : "=r"(failed), "+A"(value), "+A"(other) : : "t0", "memory");
    ok(failed != 0 && value == 7, "nor one at another address");
}

static _Atomic long sum;
static _Atomic int small_sum;
static long by_reservation, by_lock;
static _Atomic int lock;

struct node {
    int next;
};
static struct node nodes[NODES];
static _Atomic uint64_t top; /* low half: node + 1, 0 for none; high half: how often it changed */

static void push(int node)
{
    uint64_t old = top, fresh;
    do {
        nodes[node].next = (int)(uint32_t)old - 1;
        fresh = ((old >> 32) + 1) << 32 | (unsigned)(node + 1);
    } while (!atomic_compare_exchange_weak(&top, &old, fresh));
}

static int pop(void)
{
    uint64_t old = top, fresh;
    do {
        int node = (int)(uint32_t)old - 1;
        if (node < 0)
            return -1;
        fresh = ((old >> 32) + 1) << 32 | (unsigned)(nodes[node].next + 1);
    } while (!atomic_compare_exchange_weak(&top, &old, fresh));
    return (int)(uint32_t)old - 1;
}

static void *work(void *argument)
{
    uint64_t state = (uint64_t)(long)argument + 1;
    int held[4], count = 0;
    for (int i = 0; i < ROUNDS; i++) {
        sum += 3;
        small_sum -= 1;
        long failed;
        do
            __asm__ volatile("lr.d t0, %1\naddi t0, t0, 5\nsc.d %0, t0, %1"
                             : "=&r"(failed), "+A"(by_reservation) : : "t0", "memory");
        while (failed);
        while (atomic_exchange_explicit(&lock, 1, memory_order_acquire))
            sched_yield();
        by_lock += 1;
        atomic_store_explicit(&lock, 0, memory_order_release);
        if (count < 4 && chance(&state) & 1) {
            int node = pop();
            if (node >= 0)
                held[count++] = node;
        } else if (count)
            push(held[--count]);
    }
    while (count)
        push(held[--count]);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    plan(11);
    check_each();
    check_reservation();
    for (int i = 0; i < NODES; i++)
        push(i);
    for (long i = 0; i < THREADS; i++)
        need(pthread_create(&threads[i], NULL, work, (void *)i) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    is(sum, 3L * THREADS * ROUNDS, "additions of 64 bits by all threads are all there");
    is(small_sum, -THREADS * ROUNDS, "of 32 bits too");
    is(by_reservation, 5L * THREADS * ROUNDS, "and those by load-reserved and store-conditional");
    is(by_lock, (long)THREADS * ROUNDS, "a lock by exchange lets one in at a time");
    bool seen[NODES] = {false};
    int count = 0;
    for (int node; (node = pop()) >= 0; count++)
        seen[node] = true;
    int missing = 0;
    for (int i = 0; i < NODES; i++)
        missing += !seen[i];
    ok(count == NODES && missing == 0, "a stack without locks has every node exactly once");
    return done();
}
