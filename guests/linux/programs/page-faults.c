/* Storms of page faults: first touches in any order, pages given back and taken again, faults that a handler
 * mends, stacks that grow, and several threads in one address space. */

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tap.h"

enum { PAGE = 4096, PAGES = 4096, MENDED = 1500, THREADS = 4 };

static unsigned char *area;

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static void check_touches(void)
{
    uint64_t state = 99;
    static int order[PAGES];
    for (int i = 0; i < PAGES; i++)
        order[i] = i;
    long wrong = 0, before = faults();
    madvise(area, (size_t)PAGES * PAGE, MADV_NOHUGEPAGE);
    for (int round = 0; round < 3; round++) {
        for (int i = PAGES - 1; i > 0; i--) {
            int other = chance(&state) % (i + 1), kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        for (int i = 0; i < PAGES; i++) {
            unsigned char *page = area + (size_t)order[i] * PAGE;
            wrong += page[i % PAGE] != 0;
            page[i % PAGE] = 1 + round;
        }
        for (int i = 0; i < PAGES; i++)
            wrong += area[(size_t)order[i] * PAGE + i % PAGE] != 1 + round;
        madvise(area, (size_t)PAGES * PAGE, MADV_DONTNEED);
    }
    is(wrong, 0, "pages are touched in any order, each zeros first");
    ok(faults() - before >= 3L * PAGES, "with a fault for each");
}

static volatile long mended;

static void mend(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    unsigned char *page = (unsigned char *)((uintptr_t)info->si_addr & -(uintptr_t)PAGE);
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    mended++;
}

static void check_mending(void)
{
    struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO}, before;
    sigaction(SIGSEGV, &action, &before);
    mprotect(area, MENDED * PAGE, PROT_NONE);
    long wrong = 0;
    for (int i = 0; i < MENDED; i++) {
        unsigned char *at = area + i * PAGE + i % PAGE;
        switch (i % 3) {
        case 0:
            wrong += *at != 0;
            break;
        case 1:
            *at = i;
            wrong += *at != (unsigned char)i;
            break;
        default: {
            uint32_t *word = (uint32_t *)((uintptr_t)at & ~3UL);
            wrong += __atomic_fetch_add(word, 5, __ATOMIC_SEQ_CST) != 0 || *word != 5;
        }
        }
    }
    is(mended, MENDED, "each access to a forbidden page comes to its handler once");
    is(wrong, 0, "and is done when the handler has mended it: loads, stores, atomics");
    sigaction(SIGSEGV, &before, NULL);
}

/* An access that begins in one page and ends in the next, which is missing: done once, whole. */
static void check_across(void)
{
    struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    long wrong = 0;
    for (int i = 1; i < 8; i++) {
        unsigned char *edge = area + (200 + 2 * i) * PAGE;
        memset(edge - PAGE, 0, 2 * PAGE);
        mprotect(edge, PAGE, PROT_NONE);
        mended = 0;
        uint64_t value = 0x0807060504030201;
        __asm__ volatile("sd %0, 0(%1)" : : "r"(value), "r"(edge - i) : "memory");
        wrong += mended != 1 || memcmp(edge - i, &value, 8) != 0 || edge[-i - 1] != 0 || edge[8 - i] != 0;
        mprotect(edge - PAGE, 2 * PAGE, PROT_NONE);
        mended = 0;
        uint64_t loaded;
        __asm__ volatile("ld %0, 0(%1)" : "=r"(loaded) : "r"(edge - i) : "memory");
        wrong += mended != 2 || loaded != value;
    }
    is(wrong, 0, "accesses across two pages wait for both");
    signal(SIGSEGV, SIG_DFL);
}

__attribute__((noinline)) static int deep(int depth)
{
    volatile unsigned char room[PAGE + 100];
    room[0] = depth;
    room[PAGE] = depth >> 8;
    if (depth > 0 && deep(depth - 1) != depth - 1)
        return -1;
    return room[0] | room[PAGE] << 8;
}

static void *touch(void *argument)
{
    long me = (long)argument, wrong = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PAGES / THREADS; i++) {
            unsigned char *page = area + ((size_t)i * THREADS + me) * PAGE;
            wrong += page[me] != 0;
            page[me] = me + 1;
        }
        for (int i = 0; i < PAGES / THREADS; i++)
            wrong += area[((size_t)i * THREADS + me) * PAGE + me] != me + 1;
        for (int i = 0; i < PAGES / THREADS; i++)
            madvise(area + ((size_t)i * THREADS + me) * PAGE, PAGE, MADV_DONTNEED);
    }
    return (void *)wrong;
}

static void check_threads(void)
{
    pthread_t threads[THREADS];
    long wrong = 0;
    madvise(area, (size_t)PAGES * PAGE, MADV_DONTNEED);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, touch, (void *)i);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (long)result;
    }
    is(wrong, 0, "threads fault, map and unmap side by side");
}

int main(void)
{
    area = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(area != MAP_FAILED, "mmap");
    plan(7);
    check_touches();
    check_mending();
    check_across();
    is(deep(1500), 1500, "a stack grows by six megabytes");
    check_threads();
    return done();
}
