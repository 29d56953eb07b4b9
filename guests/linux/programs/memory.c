/* mmap, mprotect, mremap, madvise, brk: what is mapped holds its bytes, what is not faults. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

enum { PAGE = 4096, PAGES = 64, SIZE = PAGES * PAGE };

static sigjmp_buf back;
static volatile int signal_number, signal_code;
static void *volatile signal_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    signal_number = number;
    signal_code = info->si_code;
    signal_address = info->si_addr;
    siglongjmp(back, 1);
}

enum access { LOAD, STORE, FETCH };

/* The signal that an access raises, 0 for none. */
static int attempt(volatile unsigned char *address, enum access how)
{
    signal_number = 0;
    if (sigsetjmp(back, 1) == 0) {
        switch (how) {
        case LOAD:
            (void)*address;
            break;
        case STORE:
            *address = 0x5a;
            break;
        case FETCH:
            ((void (*)(void))(uintptr_t)address)();
            break;
        }
    }
    return signal_number;
}

static unsigned char *map(int protection, int flags, int file, long size)
{
    unsigned char *memory = mmap(NULL, size, protection, flags, file, 0);
    need(memory != MAP_FAILED, "mmap");
    return memory;
}

static void check_protection(void)
{
    static const unsigned char ret[4] = {0x67, 0x80, 0, 0};
    static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
                                      PROT_READ | PROT_WRITE | PROT_EXEC};
    unsigned char *memory = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, SIZE);
    int wrong = 0;
    for (int round = 0; round < 40; round++) {
        unsigned char *page = memory + round % PAGES * PAGE;
        int protection = protections[round * 3 % 5];
        memcpy(page, ret, sizeof ret);
        mprotect(page, PAGE, protection);
        bool loads = attempt(page, LOAD) == 0, stores = attempt(page + 8, STORE) == 0;
        bool fetches = attempt(page, FETCH) == 0;
        bool right = loads == !!(protection & PROT_READ) && stores == !!(protection & PROT_WRITE) &&
                     fetches == !!(protection & PROT_EXEC);
        if (!right)
            printf("# protection %d: load %d, store %d, fetch %d\n", protection, loads, stores, fetches);
        wrong += !right;
        mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    }
    is(wrong, 0, "every protection allows what it says, over and over");
    mprotect(memory + PAGE, PAGE, PROT_READ);
    is(attempt(memory + PAGE + 123, STORE), SIGSEGV, "a store to a read-only page is SIGSEGV");
    is(signal_code, SEGV_ACCERR, "for the lack of a right");
    is((long)signal_address, (long)(memory + PAGE + 123), "at its address");
    munmap(memory + 2 * PAGE, PAGE);
    is(attempt(memory + 2 * PAGE + 5, LOAD), SIGSEGV, "a load where nothing is any more is SIGSEGV");
    is(signal_code, SEGV_MAPERR, "for the lack of a mapping");
    is((long)signal_address, (long)(memory + 2 * PAGE + 5), "at its address");
    is(attempt(memory + 3 * PAGE, FETCH), SIGSEGV, "a jump to data is SIGSEGV");
    is((long)signal_address, (long)(memory + 3 * PAGE), "at its address");
    munmap(memory, SIZE);
}

static void check_moves(void)
{
    unsigned char *memory = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, SIZE);
    for (int page = 0; page < PAGES; page++)
        memset(memory + page * PAGE, page + 1, PAGE);
    unsigned char *larger = mremap(memory, SIZE, 4 * SIZE, MREMAP_MAYMOVE);
    need(larger != MAP_FAILED, "mremap");
    int wrong = 0;
    for (int page = 0; page < 4 * PAGES; page++)
        wrong += larger[page * PAGE + 77] != (page < PAGES ? page + 1 : 0);
    is(wrong, 0, "mremap keeps the bytes and adds zeros");
    unsigned char *other = map(PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 4 * SIZE);
    need(mremap(larger, 4 * SIZE, 4 * SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, other) == other, "mremap");
    for (int page = 0; page < PAGES; page++)
        wrong += other[page * PAGE + 4095] != page + 1;
    is(wrong, 0, "and moves them to where it is told");
    is(attempt(larger, LOAD), SIGSEGV, "nothing is left behind");
    for (int page = 0; page < PAGES; page += 2)
        munmap(other + page * PAGE, PAGE);
    for (int page = 0; page < PAGES; page++)
        wrong += (attempt(other + page * PAGE, LOAD) != 0) != (page % 2 == 0);
    is(wrong, 0, "a mapping with holes has exactly those");
    munmap(other, 4 * SIZE);
}

static void check_advice(void)
{
    unsigned char *memory = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, SIZE);
    int wrong = 0;
    for (int round = 0; round < 10; round++) {
        memset(memory, 0x80 + round, SIZE);
        madvise(memory, SIZE / 2, MADV_DONTNEED);
        for (int page = 0; page < PAGES; page++)
            wrong += memory[page * PAGE + round] != (page < PAGES / 2 ? 0 : 0x80 + round);
    }
    is(wrong, 0, "MADV_DONTNEED gives zeros, and only where it was asked for");
    unsigned char resident[PAGES];
    madvise(memory, SIZE, MADV_DONTNEED);
    memory[5 * PAGE] = 1;
    mincore(memory, SIZE, resident);
    for (int page = 0; page < PAGES; page++)
        wrong += (resident[page] & 1) != (page == 5);
    is(wrong, 0, "mincore knows the one page that was touched since");
    madvise(memory, SIZE, MADV_HUGEPAGE);
    memset(memory, 7, SIZE);
    for (int i = 0; i < SIZE; i += 1000)
        wrong += memory[i] != 7;
    is(wrong, 0, "MADV_HUGEPAGE changes no byte");
    munmap(memory, SIZE);
}

static void check_files(void)
{
    int file = open("/tmp/mapped", O_CREAT | O_RDWR | O_TRUNC, 0600);
    need(file >= 0 && ftruncate(file, SIZE) == 0, "a file");
    unsigned char *shared = map(PROT_READ | PROT_WRITE, MAP_SHARED, file, SIZE);
    unsigned char *private = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, file, SIZE);
    unsigned char byte = 0;
    shared[10 * PAGE + 3] = 0x11;
    is(private[10 * PAGE + 3], 0x11, "a private mapping of a file shows what a shared one wrote");
    need(pread(file, &byte, 1, 10 * PAGE + 3) == 1, "pread");
    is(byte, 0x11, "and so does read");
    private[10 * PAGE + 3] = 0x22;
    is(shared[10 * PAGE + 3], 0x11, "a store to the private one stays there");
    byte = 0x33;
    need(pwrite(file, &byte, 1, 11 * PAGE) == 1, "pwrite");
    is(shared[11 * PAGE], 0x33, "write is seen through the mapping");
    need(ftruncate(file, PAGE) == 0, "ftruncate");
    is(attempt(shared + 20 * PAGE, LOAD), SIGBUS, "past the file's end is SIGBUS");
    is((long)signal_address, (long)(shared + 20 * PAGE), "at its address");
    munmap(shared, SIZE);
    munmap(private, SIZE);
    close(file);
    unlink("/tmp/mapped");
}

/* The end of the heap; the C library does not let a program move it. */
static unsigned char *heap_end(unsigned char *wanted)
{
    return (unsigned char *)syscall(SYS_brk, wanted);
}

static void check_heap(void)
{
    unsigned char *start = heap_end(NULL);
    need(heap_end(start + SIZE) == start + SIZE, "brk");
    memset(start, 0xab, SIZE);
    is(start[SIZE - 1], 0xab, "the heap grows");
    need(heap_end(start) == start && heap_end(start + SIZE) == start + SIZE, "brk");
    int wrong = 0;
    for (int i = 0; i < SIZE; i += 512)
        wrong += start[i] != 0;
    is(wrong, 0, "and what comes back is zeros");
    heap_end(start);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    plan(24);
    check_protection();
    check_moves();
    check_advice();
    check_files();
    check_heap();
    return done();
}
