/* The futex system call itself: wait, wake, requeue, bit sets, timeouts, and wake-ups that must not be lost. */

#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

enum { WAITERS = 6, TURNS = 3000 };

static _Atomic int word, other, asleep, awake;

static long futex(_Atomic int *at, int operation, int value, const void *timeout, _Atomic int *second, int more)
{
    return syscall(SYS_futex, at, operation, value, timeout, second, more);
}

static void *sleeper(void *argument)
{
    int bits = (int)(long)argument;
    asleep++;
    long code = bits ? futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, bits)
                     : futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
    awake++;
    return (void *)code;
}

static void settle(void)
{
    struct timespec time = {.tv_nsec = 30000000};
    nanosleep(&time, NULL);
}

static void start(pthread_t threads[WAITERS], long bits)
{
    asleep = awake = 0;
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&threads[i], NULL, sleeper, (void *)(bits ? bits << (i % 2) : 0));
    while (asleep < WAITERS)
        sched_yield();
    settle();
}

static void join(pthread_t threads[WAITERS])
{
    for (int i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
}

static void check_wakes(void)
{
    pthread_t threads[WAITERS];
    start(threads, 0);
    is(futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 2, NULL, NULL, 0), 2, "two of six are woken");
    settle();
    is(awake, 2, "and no more");
    is(futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)10L, &other, 0), 4,
       "of the rest one is woken and three are queued elsewhere");
    is(futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 0), 0, "none is left where they were");
    is(futex(&other, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 0), 3, "they are woken there");
    join(threads);
    start(threads, 4);
    is(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 8), 3, "bits choose who is woken");
    is(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 4), 3, "the others later");
    join(threads);
}

static void check_refusals(void)
{
    struct timespec short_time = {.tv_nsec = 20000000}, before, after;
    is(futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0), -1, "a word that changed is not waited for");
    is(errno, EAGAIN, "with EAGAIN");
    clock_gettime(CLOCK_MONOTONIC, &before);
    is(futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &short_time, NULL, 0), -1, "a wait ends at its timeout");
    is(errno, ETIMEDOUT, "with ETIMEDOUT");
    clock_gettime(CLOCK_MONOTONIC, &after);
    long passed = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
    ok(passed >= 20000000, "and not before");
}

/* Two processes pass a token through shared memory: one lost wake-up, and both sleep for ever. */
static void check_processes(void)
{
    _Atomic int *token = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    int me = child == 0;
    for (int i = 0; i < TURNS; i++) {
        int seen;
        while ((seen = *token) % 2 != me)
            futex(token, FUTEX_WAIT, seen, NULL, NULL, 0);
        ++*token;
        futex(token, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    is(*token, 2 * TURNS, "two processes pass a token without losing a wake-up");
}

int main(void)
{
    plan(13);
    check_wakes();
    check_refusals();
    check_processes();
    return done();
}
