/* Waiting for many things at once: epoll, eventfd, timerfd, signalfd, inotify. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

enum { EVENTS = 16, TICKS = 20, PERIOD = 5000000 /* ns */, POSTS = 2000 };

static int made(int file, const char *what)
{
    need(file >= 0, what);
    return file;
}

static void add(int set, int file, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = file};
    need(epoll_ctl(set, EPOLL_CTL_ADD, file, &event) == 0, "epoll_ctl");
}

static int ready(int set, int timeout)
{
    struct epoll_event events[EVENTS];
    return epoll_wait(set, events, EVENTS, timeout);
}

static void post(int file, uint64_t value)
{
    need(write(file, &value, sizeof value) == sizeof value, "write");
}

static void check_triggers(void)
{
    int set = made(epoll_create1(0), "epoll"), file = made(eventfd(0, EFD_NONBLOCK), "eventfd");
    uint64_t value;
    add(set, file, EPOLLIN);
    is(ready(set, 0), 0, "nothing is ready");
    post(file, 3);
    post(file, 4);
    is(ready(set, 0) + ready(set, 0), 2, "a level is told each time");
    need(read(file, &value, sizeof value) == sizeof value, "read");
    is(value, 7, "an eventfd adds up");
    is(ready(set, 0), 0, "and is empty then");
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = file};
    epoll_ctl(set, EPOLL_CTL_MOD, file, &event);
    post(file, 1);
    is(ready(set, 0) * 10 + ready(set, 0), 10, "an edge is told once");
    post(file, 1);
    is(ready(set, 0), 1, "and again when there is more");
    event.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(set, EPOLL_CTL_MOD, file, &event);
    is(ready(set, 0) * 10 + ready(set, 0), 10, "a single shot is told once");
    post(file, 1);
    is(ready(set, 0), 0, "until it is asked for again");
    close(file);
    close(set);
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void check_timers(void)
{
    int set = made(epoll_create1(0), "epoll"), timer = made(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd");
    struct itimerspec time = {{0, PERIOD}, {0, PERIOD}};
    long slack = exact_time() ? 2000000 : 500000000, total = 0, before = now();
    add(set, timer, EPOLLIN);
    timerfd_settime(timer, 0, &time, NULL);
    while (total < TICKS) {
        uint64_t expired = 0;
        need(ready(set, -1) == 1 && read(timer, &expired, sizeof expired) == sizeof expired, "a tick");
        total += (long)expired;
    }
    long passed = now() - before;
    printf("# %ld ticks of %d ns took %ld ns\n", total, PERIOD, passed);
    ok(passed >= total * PERIOD && passed < total * PERIOD + slack, "a timer ticks on time");
    before = now();
    is(ready(set, 0) >= 0 && epoll_ctl(set, EPOLL_CTL_DEL, timer, NULL) == 0 ? ready(set, 30) : -1, 0,
       "nothing comes of what was taken out");
    ok(now() - before >= 30000000, "and the wait lasts as long as it was told");
    close(timer);
    close(set);
}

static void check_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int file = made(signalfd(-1, &set, 0), "signalfd");
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        sigqueue(parent, SIGUSR1, (union sigval){.sival_int = 5});
        _exit(0);
    }
    struct signalfd_siginfo info;
    need(read(file, &info, sizeof info) == sizeof info, "read");
    ok(info.ssi_signo == SIGUSR1 && info.ssi_int == 5 && info.ssi_pid == (uint32_t)child, "a signal is read");
    need(read(file, &info, sizeof info) == sizeof info, "read");
    ok(info.ssi_signo == SIGCHLD && info.ssi_pid == (uint32_t)child, "and the child's end");
    waitpid(child, NULL, 0);
    close(file);
}

static void check_files(void)
{
    int watch = made(inotify_init1(0), "inotify");
    union {
        struct inotify_event event;
        char room[400];
    } got;
    need(inotify_add_watch(watch, "/tmp", IN_CREATE | IN_DELETE) >= 0, "watch");
    int file = made(open("/tmp/watched", O_CREAT | O_WRONLY, 0600), "open");
    close(file);
    need(read(watch, &got, sizeof got) > 0, "read");
    ok(got.event.mask & IN_CREATE && strcmp(got.event.name, "watched") == 0, "a new file is told");
    unlink("/tmp/watched");
    need(read(watch, &got, sizeof got) > 0, "read");
    ok(got.event.mask & IN_DELETE, "and its removal");
    close(watch);
}

static int bells[2];

static void *answer(void *argument)
{
    (void)argument;
    for (int i = 0; i < POSTS; i++) {
        uint64_t value;
        need(read(bells[0], &value, sizeof value) == sizeof value, "read");
        post(bells[1], value + 1);
    }
    return NULL;
}

static void check_threads(void)
{
    int set = made(epoll_create1(0), "epoll");
    pthread_t thread;
    long wrong = 0;
    bells[0] = made(eventfd(0, 0), "eventfd");
    bells[1] = made(eventfd(0, 0), "eventfd");
    add(set, bells[1], EPOLLIN);
    pthread_create(&thread, NULL, answer, NULL);
    for (int i = 1; i <= POSTS; i++) {
        uint64_t value;
        post(bells[0], i);
        wrong += ready(set, 10000) != 1;
        need(read(bells[1], &value, sizeof value) == sizeof value, "read");
        wrong += value != (uint64_t)i + 1;
    }
    pthread_join(thread, NULL);
    is(wrong, 0, "threads call each other without losing a call");
}

int main(void)
{
    plan(16);
    check_triggers();
    check_timers();
    check_signals();
    check_files();
    check_threads();
    return done();
}
