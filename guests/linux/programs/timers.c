/* Timers that signal: setitimer, alarm, timer_create, and the profiling ones that count work. */

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

enum { TICKS = 50, PERIOD = 5000 /* us */, ALARMS = 400 };

static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void)number;
    ticks++;
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static void wait_for(int wanted)
{
    sigset_t none;
    sigemptyset(&none);
    while (ticks < wanted)
        sigsuspend(&none);
}

static void block(int number, int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(how, &set, NULL);
}

static void check_periodic(void)
{
    long slack = exact_time() ? 2000 : 500000;
    struct itimerval timer = {{0, PERIOD}, {0, PERIOD}}, left, none = {{0, 0}, {0, 0}};
    signal(SIGALRM, tick);
    block(SIGALRM, SIG_BLOCK);
    ticks = 0;
    long before = now();
    setitimer(ITIMER_REAL, &timer, NULL);
    wait_for(TICKS);
    long passed = now() - before;
    getitimer(ITIMER_REAL, &left);
    setitimer(ITIMER_REAL, &none, NULL);
    printf("# %d ticks of %d us took %ld us\n", TICKS, PERIOD, passed);
    ok(passed >= TICKS * PERIOD - PERIOD, "a periodic timer does not run ahead");
    ok(passed < TICKS * PERIOD + slack, "nor behind");
    ok(left.it_value.tv_usec <= PERIOD && left.it_interval.tv_usec == PERIOD, "and says when it is next");
}

static void check_busy(void)
{
    struct itimerval timer = {{0, PERIOD}, {0, PERIOD}}, none = {{0, 0}, {0, 0}};
    block(SIGALRM, SIG_UNBLOCK);
    ticks = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
    unsigned long sum = 0, turns = 0;
    while (ticks < 20) {
        for (int i = 0; i < 1000; i++)
            sum += i * sum + 1;
        turns++;
    }
    setitimer(ITIMER_REAL, &none, NULL);
    ok(turns > 20, "a timer interrupts a program that never sleeps");
    unsigned long again = 0;
    for (unsigned long k = 0; k < turns; k++)
        for (int i = 0; i < 1000; i++)
            again += i * again + 1;
    ok(sum == again, "and changes nothing of its work");
    ticks = 0;
    timer = (struct itimerval){{0, 2000}, {0, 2000}};
    setitimer(ITIMER_VIRTUAL, &none, NULL);
    signal(SIGVTALRM, tick);
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
    while (ticks < 5)
        sum++;
    setitimer(ITIMER_VIRTUAL, &none, NULL);
    ok(ticks >= 5, "a timer of the process's own time counts its work");
    signal(SIGPROF, tick);
    ticks = 0;
    setitimer(ITIMER_PROF, &timer, NULL);
    while (ticks < 5)
        getppid();
    setitimer(ITIMER_PROF, &none, NULL);
    ok(ticks >= 5, "and one with the kernel's work for it too");
}

static void check_alarm(void)
{
    block(SIGALRM, SIG_BLOCK);
    ticks = 0;
    long before = now();
    is(alarm(2), 0, "no alarm was set");
    is(alarm(1), 2, "then one of two seconds was");
    wait_for(1);
    long passed = now() - before;
    ok(passed >= 990000, "an alarm of a second does not come early");
    alarm(1);
    is(alarm(0), 1, "an alarm can be taken back");
}

static void check_storm(void)
{
    struct itimerval timer = {{0, 0}, {0, 0}};
    block(SIGALRM, SIG_BLOCK);
    ticks = 0;
    for (int i = 0; i < ALARMS; i++) {
        timer.it_value.tv_usec = 1 + i % 50;
        setitimer(ITIMER_REAL, &timer, NULL);
        wait_for(i + 1);
    }
    is(ticks, ALARMS, "short one-shot timers come one by one");
}

static volatile long queued_value;

static void on_timer(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    queued_value = info->si_value.sival_int;
    ticks++;
}

static void check_posix(void)
{
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN + 1, &action, NULL);
    block(SIGRTMIN + 1, SIG_BLOCK);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77};
    need(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
    struct itimerspec time = {{0, 3000000}, {0, 3000000}};
    ticks = 0;
    timer_settime(timer, 0, &time, NULL);
    struct timespec rest = {.tv_nsec = 40000000};
    while (nanosleep(&rest, &rest) < 0)
        ;
    wait_for(1);
    ok(timer_getoverrun(timer) >= 11, "a blocked timer counts what it could not deliver");
    is(queued_value, 77, "and brings its value");
    timer_delete(timer);
}

int main(void)
{
    plan(14);
    check_periodic();
    check_busy();
    check_alarm();
    check_storm();
    check_posix();
    return done();
}
