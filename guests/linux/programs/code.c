/* Code that is written while it runs: in place, through a second mapping, by other threads, in pages that come
 * back with other code. After riscv_flush_icache every thread runs what was written. */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { PAGE = 4096, ROUNDS = 500, READERS = 3, FUNCTIONS = 64, FLUSH_ICACHE = 259 };

typedef int function(void);

static void flush(void *from, void *to)
{
    need(syscall(FLUSH_ICACHE, from, to, 0UL) == 0, "riscv_flush_icache");
}

/* addi a0, zero, value; ret. `value` is of twelve bits, signed. */
static void write_code(void *at, int value)
{
    uint32_t code[2] = {0x00000513 | (uint32_t)value << 20, 0x00008067};
    memcpy(at, code, sizeof code);
}

static void *map(int protection, int flags, int file)
{
    void *memory = mmap(NULL, PAGE, protection, flags, file, 0);
    need(memory != MAP_FAILED, "mmap");
    return memory;
}

static int call(void *at)
{
    return ((function *)at)();
}

static void check_in_place(void)
{
    char *code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    long wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        write_code(code, i);
        flush(code, code + 8);
        wrong += call(code) != i;
    }
    is(wrong, 0, "code is written over and over in a page of all rights");
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        write_code(code + i % FUNCTIONS * 8, i);
        flush(code, code + PAGE);
        for (int k = 0; k <= i && k < FUNCTIONS; k++)
            wrong += call(code + k * 8) != (i < FUNCTIONS ? k : i - (i - k) % FUNCTIONS);
    }
    is(wrong, 0, "one of many functions in a page changes, the others stay");
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        write_code(code, i);
        __asm__ volatile("fence.i" : : : "memory");
        wrong += call(code) != i;
    }
    is(wrong, 0, "fence.i alone is enough for oneself");
    munmap(code, PAGE);
}

static void check_rights(void)
{
    char *code = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    long wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        mprotect(code, PAGE, PROT_READ | PROT_WRITE);
        write_code(code, i);
        mprotect(code, PAGE, PROT_READ | PROT_EXEC);
        flush(code, code + 8);
        wrong += call(code) != i;
    }
    is(wrong, 0, "a page is written, then run, never both");
    munmap(code, PAGE);
}

static int memory_file(void)
{
    int file = memfd_create("code", 0);
    need(file >= 0 && ftruncate(file, PAGE) == 0, "memfd_create");
    return file;
}

static void check_two_mappings(void)
{
    int file = memory_file();
    char *data = map(PROT_READ | PROT_WRITE, MAP_SHARED, file);
    char *code = map(PROT_READ | PROT_EXEC, MAP_SHARED, file);
    char *twin = map(PROT_READ | PROT_EXEC, MAP_SHARED, file);
    long wrong = 0, wrong_twin = 0;
    for (int i = 0; i < ROUNDS; i++) {
        write_code(data + 16, i);
        flush(code + 16, code + 24);
        wrong += call(code + 16) != i;
        wrong_twin += call(twin + 16) != i;
    }
    is(wrong, 0, "what is written through one address is run at another");
    is(wrong_twin, 0, "and at a third");
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        write_code(data + 32, i);
        write_code(data + 48, i + 1);
        __asm__ volatile("fence.i" : : : "memory");
        wrong += call(code + 32) != i;
        wrong += call(code + 48) != i + 1;
    }
    is(wrong, 0, "with fence.i alone too");
    wrong = 0;
    for (int i = 0; i < ROUNDS / 5; i++) {
        uint32_t code_words[2] = {0x00000513 | (uint32_t)i << 20, 0x00008067};
        need(pwrite(file, code_words, sizeof code_words, 64) == sizeof code_words, "pwrite");
        flush(code + 64, code + 72);
        wrong += call(code + 64) != i;
    }
    is(wrong, 0, "what the kernel writes for us is run");
    munmap(data, PAGE);
    munmap(code, PAGE);
    munmap(twin, PAGE);
    close(file);
}

static char *shared_data, *shared_code;
static _Atomic int published, finished[READERS];
static _Atomic long reader_errors;

static void *run_published(void *argument)
{
    long me = (long)argument;
    for (int i = 1; i <= ROUNDS; i++) {
        while (published < i)
            sched_yield();
        reader_errors += call(shared_code) != i;
        finished[me] = i;
    }
    return NULL;
}

/* One thread writes and flushes for all, the others run each version. */
static void publish(const char *name)
{
    pthread_t threads[READERS];
    published = 0;
    reader_errors = 0;
    for (int i = 0; i < READERS; i++)
        finished[i] = 0;
    for (long i = 0; i < READERS; i++)
        need(pthread_create(&threads[i], NULL, run_published, (void *)i) == 0, "pthread_create");
    for (int i = 1; i <= ROUNDS; i++) {
        write_code(shared_data, i);
        flush(shared_code, shared_code + 8);
        published = i;
        for (int k = 0; k < READERS; k++)
            while (finished[k] < i)
                sched_yield();
    }
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    is(reader_errors, 0, name);
}

static void check_threads(void)
{
    shared_data = shared_code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    publish("threads run what another wrote in place");
    munmap(shared_data, PAGE);
    int file = memory_file();
    shared_data = map(PROT_READ | PROT_WRITE, MAP_SHARED, file);
    shared_code = map(PROT_READ | PROT_EXEC, MAP_SHARED, file);
    publish("threads run what another wrote through a second mapping");
    munmap(shared_data, PAGE);
    munmap(shared_code, PAGE);
    close(file);
}

/* A writer in another process: the same physical page, another address space. */
static void check_processes(void)
{
    int file = memory_file(), ends[2][2];
    char *code = map(PROT_READ | PROT_EXEC, MAP_SHARED, file);
    need(pipe(ends[0]) == 0 && pipe(ends[1]) == 0, "pipe");
    pid_t child = fork();
    char byte = 0;
    if (child == 0) {
        char *data = map(PROT_READ | PROT_WRITE, MAP_SHARED, file);
        for (int i = 0; i < ROUNDS; i++) {
            write_code(data, i);
            need(write(ends[0][1], &byte, 1) == 1 && read(ends[1][0], &byte, 1) == 1, "a turn");
        }
        _exit(0);
    }
    long wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        need(read(ends[0][0], &byte, 1) == 1, "a turn");
        flush(code, code + 8);
        wrong += call(code) != i;
        need(write(ends[1][1], &byte, 1) == 1, "a turn");
    }
    waitpid(child, NULL, 0);
    is(wrong, 0, "a process runs what another process writes");
    munmap(code, PAGE);
    close(file);
}

static void check_copies(void)
{
    char *code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    long wrong = 0;
    write_code(code, 1000);
    flush(code, code + 8);
    wrong += call(code) != 1000;
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) {
            int bad = call(code) != 1000;
            write_code(code, i);
            flush(code, code + 8);
            bad += call(code) != i;
            _exit(bad);
        }
        int status;
        wrong += call(code) != 1000;
        waitpid(child, &status, 0);
        wrong += !WIFEXITED(status) || WEXITSTATUS(status);
    }
    is(wrong, 0, "a child changes its copy of the code, the parent keeps its own");
    wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char *fresh = mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        need(fresh == code, "mmap");
        write_code(code, i);
        flush(code, code + 8);
        wrong += call(code) != i;
    }
    is(wrong, 0, "other pages at the same address have other code");
    munmap(code, PAGE);
}

static volatile int traps;

static void on_trap(int number)
{
    (void)number;
    traps++;
}

/* What a debugger does: a breakpoint over an instruction, and the instruction back. */
static void check_breakpoints(void)
{
    char *code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    long wrong = 0;
    uint32_t saved;
    struct sigaction action = {.sa_handler = on_trap};
    sigaction(SIGTRAP, &action, NULL);
    uint32_t body[4] = {0x00000013, 0x00000013, 0x00700513, 0x00008067}; /* nop, nop, li a0, 7, ret */
    memcpy(code, body, sizeof body);
    flush(code, code + 16);
    wrong += call(code) != 7;
    for (int i = 0; i < 100; i++) {
        memcpy(&saved, code + 4, 4);
        pid_t child = fork();
        if (child == 0) {
            signal(SIGTRAP, SIG_DFL);
            uint32_t stop = 0x00100073;
            memcpy(code + 4, &stop, 4);
            flush(code, code + 16);
            _exit(call(code));
        }
        int status;
        waitpid(child, &status, 0);
        wrong += !WIFSIGNALED(status) || WTERMSIG(status) != SIGTRAP;
        memcpy(code + 4, &saved, 4);
        flush(code, code + 16);
        wrong += call(code) != 7;
    }
    is(wrong, 0, "breakpoints are set and taken away");
    munmap(code, PAGE);
}

int main(void)
{
    plan(14);
    check_in_place();
    check_rights();
    check_two_mappings();
    check_threads();
    check_processes();
    check_copies();
    check_breakpoints();
    return done();
}
