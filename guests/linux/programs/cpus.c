/* All processors: threads bound to each, moved between them, and processors taken away and brought back. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tap.h"

enum { MOST = 64, MOVES = 60, WORK = 20000 };

static int processors;
static _Atomic long total;

static bool bind_to(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

static void *stay(void *argument)
{
    long me = (long)argument, wrong = !bind_to(me);
    for (int i = 0; i < WORK; i++) {
        total += 1;
        if (i % 512 == 0) {
            wrong += sched_getcpu() != me;
            sched_yield();
        }
    }
    return (void *)wrong;
}

static void *move(void *argument)
{
    long me = (long)argument, wrong = 0, sum = 0;
    double value = 1;
    for (int i = 0; i < MOVES; i++) {
        int to = (me + i) % processors;
        wrong += !bind_to(to) || sched_getcpu() != to;
        for (int k = 0; k < 100; k++) {
            sum += k;
            value = value * 1.0001 + 1e-9;
        }
    }
    double again = 1;
    for (int i = 0; i < MOVES * 100; i++)
        again = again * 1.0001 + 1e-9;
    return (void *)(wrong + (sum != MOVES * 4950L) + (value != again));
}

static long on_all(void *(*work)(void *), int threads)
{
    pthread_t started[MOST];
    long wrong = 0;
    for (long i = 0; i < threads; i++)
        need(pthread_create(&started[i], NULL, work, (void *)i) == 0, "pthread_create");
    for (int i = 0; i < threads; i++) {
        void *result;
        pthread_join(started[i], &result);
        wrong += (long)result;
    }
    return wrong;
}

static bool set_online(int cpu, bool online)
{
    char path[80];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
    int file = open(path, O_WRONLY);
    bool done_so = file >= 0 && write(file, online ? "1" : "0", 1) == 1;
    if (file >= 0)
        close(file);
    return done_so;
}

static void check_hotplug(void)
{
    if (processors < 2) {
        ok(true, "a processor goes # SKIP there is one only");
        ok(true, "and comes back # SKIP there is one only");
        return;
    }
    long wrong = 0;
    for (int round = 0; round < 3; round++)
        for (int cpu = 1; cpu < processors; cpu++) {
            wrong += !set_online(cpu, false) || get_nprocs() != processors - 1;
            wrong += bind_to(cpu);
            wrong += !set_online(cpu, true) || get_nprocs() != processors;
        }
    is(wrong, 0, "processors go and come back");
    cpu_set_t all;
    CPU_ZERO(&all);
    for (int cpu = 0; cpu < processors; cpu++)
        CPU_SET(cpu, &all);
    sched_setaffinity(0, sizeof all, &all);
    total = 0;
    is(on_all(stay, processors), 0, "and work as before");
}

int main(void)
{
    processors = get_nprocs();
    plan(5);
    printf("# %d processors\n", processors);
    is(on_all(stay, processors), 0, "a thread on each processor stays there");
    is(total, (long)processors * WORK, "and all add to one sum");
    is(on_all(move, processors * 2), 0, "threads move between processors and keep what they work on");
    check_hotplug();
    return done();
}
