/* Clocks and sleeps: never backwards, never early, and (where guest time is counted) never late. */

#define _GNU_SOURCE
#include <pthread.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

enum { READS = 20000, SLEEPERS = 6 };

static long late_limit = 200000000; /* ns; a busy host may make it that late */

static long now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static unsigned long ticks(void)
{
    unsigned long value;
    __asm__ volatile("rdtime %0" : "=r"(value));
    return value;
}

static void check_clocks(void)
{
    static const struct { clockid_t clock; const char *name; } clocks[] = {
        {CLOCK_MONOTONIC, "CLOCK_MONOTONIC never goes back"},
        {CLOCK_MONOTONIC_RAW, "nor does CLOCK_MONOTONIC_RAW"},
        {CLOCK_BOOTTIME, "nor CLOCK_BOOTTIME"},
        {CLOCK_REALTIME, "nor CLOCK_REALTIME, which nobody sets"},
        {CLOCK_PROCESS_CPUTIME_ID, "nor the process's CPU time"},
        {CLOCK_THREAD_CPUTIME_ID, "nor the thread's"},
    };
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        long last = now(clocks[i].clock), backwards = 0, first = last;
        for (int k = 0; k < READS / 10; k++) {
            long time = now(clocks[i].clock);
            backwards += time < last;
            last = time;
        }
        ok(backwards == 0 && last > first, "%s, and goes on", clocks[i].name);
    }
    unsigned long last = ticks();
    long backwards = 0;
    for (int i = 0; i < READS; i++) {
        unsigned long time = ticks();
        backwards += time < last;
        last = time;
    }
    is(backwards, 0, "the time register never goes back");
}

static void check_rates(void)
{
    struct timespec time = {.tv_nsec = 300000000};
    long monotonic = now(CLOCK_MONOTONIC), raw = now(CLOCK_MONOTONIC_RAW), real = now(CLOCK_REALTIME);
    unsigned long counted = ticks();
    nanosleep(&time, NULL);
    monotonic = now(CLOCK_MONOTONIC) - monotonic;
    raw = now(CLOCK_MONOTONIC_RAW) - raw;
    real = now(CLOCK_REALTIME) - real;
    counted = ticks() - counted;
    printf("# of 300 ms: monotonic %ld, raw %ld, real %ld, ticks %lu\n", monotonic, raw, real, counted);
    long apart = late_limit / 4; /* the reads are not at one time: other harts take their turns between them */
    ok(labs(monotonic - raw) < apart && labs(monotonic - real) < apart, "all clocks measure the same sleep");
    ok(labs(monotonic - (long)counted * 100) < apart, "the time register counts 10 MHz");
}

static void check_sleeps(void)
{
    static const long lengths[] = {1000, 50000, 1000000, 10000000, 100000000};
    long early = 0, late = 0, worst = 0;
    for (int round = 0; round < 4; round++)
        for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            struct timespec time = {.tv_nsec = lengths[i]};
            long before = now(CLOCK_MONOTONIC);
            nanosleep(&time, NULL);
            long over = now(CLOCK_MONOTONIC) - before - lengths[i];
            early += over < 0;
            late += over > late_limit;
            worst = over > worst ? over : worst;
        }
    printf("# latest by %ld ns\n", worst);
    is(early, 0, "no sleep ends early");
    is(late, 0, "or late");
}

static void check_absolute(void)
{
    long start = now(CLOCK_MONOTONIC), wrong = 0;
    for (int i = 1; i <= 10; i++) {
        long at = start + i * 7000000L;
        struct timespec time = {at / 1000000000, at % 1000000000};
        wrong += clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0;
        long over = now(CLOCK_MONOTONIC) - at;
        wrong += over < 0 || over > late_limit;
    }
    is(wrong, 0, "sleeps until a time end at it, and do not add up errors");
    struct timespec past = {0};
    long before = now(CLOCK_MONOTONIC);
    is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL), 0, "one until the past ends");
    ok(now(CLOCK_MONOTONIC) - before < late_limit, "at once");
}

static void *sleep_alone(void *argument)
{
    long length = (SLEEPERS - (long)argument) * 20000000L, before = now(CLOCK_MONOTONIC);
    struct timespec time = {.tv_nsec = length};
    nanosleep(&time, NULL);
    long over = now(CLOCK_MONOTONIC) - before - length;
    return (void *)(long)(over < 0 || over > late_limit);
}

static void check_together(void)
{
    pthread_t threads[SLEEPERS];
    long wrong = 0, before = now(CLOCK_MONOTONIC);
    for (long i = 0; i < SLEEPERS; i++)
        pthread_create(&threads[i], NULL, sleep_alone, (void *)i);
    for (int i = 0; i < SLEEPERS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (long)result;
    }
    is(wrong, 0, "sleeping threads wake each at its time");
    ok(now(CLOCK_MONOTONIC) - before < SLEEPERS * 20000000L + late_limit, "and sleep side by side");
}

static void check_work(void)
{
    long busy = now(CLOCK_PROCESS_CPUTIME_ID), idle;
    struct timespec time = {.tv_nsec = 100000000};
    for (volatile long i = 0; i < 5000000; i++)
        ;
    busy = now(CLOCK_PROCESS_CPUTIME_ID) - busy;
    idle = now(CLOCK_PROCESS_CPUTIME_ID);
    nanosleep(&time, NULL);
    idle = now(CLOCK_PROCESS_CPUTIME_ID) - idle;
    printf("# busy %ld ns, asleep %ld ns\n", busy, idle);
    ok(busy > 1000000, "work takes CPU time");
    ok(idle < 50000000, "sleep takes none");
}

static void check_adjustment(void)
{
    struct timex state = {0};
    ok(adjtimex(&state) >= 0, "the kernel's clock can be asked");
    struct timespec fine;
    clock_getres(CLOCK_MONOTONIC, &fine);
    is(fine.tv_nsec, 1, "timers are of high resolution");
}

int main(void)
{
    if (exact_time())
        late_limit = 1000000;
    plan(20);
    check_clocks();
    check_rates();
    check_sleeps();
    check_absolute();
    check_together();
    check_work();
    check_adjustment();
    return done();
}
