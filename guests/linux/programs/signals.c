/* Signals: causes and addresses of faults, alternate stacks, masks, queues, restarted calls, kept registers. */

#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tap.h"

enum { PAGE = 4096, QUEUED = 20, STORM = 3000 };

static volatile int seen_code, seen_count;
static void *volatile seen_address;
static volatile unsigned long seen_pc;

/* Records, and goes on after the instruction. */
static void skip(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    (void)number;
    seen_code = info->si_code;
    seen_address = info->si_addr;
    seen_pc = user->uc_mcontext.__gregs[REG_PC];
    seen_count++;
    uint16_t low = *(uint16_t *)seen_pc;
    user->uc_mcontext.__gregs[REG_PC] += (low & 3) == 3 ? 4 : 2;
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaction(number, &action, NULL);
}

static void check_illegal(void)
{
    unsigned long pc;
    handle(SIGILL, skip, 0);
    handle(SIGTRAP, skip, 0);
    seen_count = 0;
    __asm__ volatile("la %0, 1f\n1: .4byte 0x0000000b\n" : "=r"(pc) : : "memory");
    is(seen_count, 1, "an illegal instruction of four bytes raises SIGILL");
    is(seen_code, ILL_ILLOPC, "as an illegal opcode");
    is(seen_pc, pc, "at its address");
    __asm__ volatile("la %0, 1f\n1: .2byte 0\n" : "=r"(pc) : : "memory");
    is(seen_count, 2, "one of two bytes too");
    is(seen_pc, pc, "at its address");
    __asm__ volatile("la %0, 1f\n1: csrr zero, mstatus\n" : "=r"(pc) : : "memory");
    is(seen_count, 3, "a machine register cannot be read");
    __asm__ volatile("la %0, 1f\n1: csrr zero, sstatus\n" : "=r"(pc) : : "memory");
    is(seen_count, 4, "nor a supervisor's");
    __asm__ volatile("la %0, 1f\n1: sret\n" : "=r"(pc) : : "memory");
    is(seen_count, 5, "and sret is refused");
    is(seen_pc, pc, "at its address");
    seen_count = 0;
    __asm__ volatile("la %0, 1f\n.option push\n.option norvc\n1: ebreak\n.option pop\n"
                     : "=r"(pc) : : "memory");
    is(seen_count, 1, "a breakpoint raises SIGTRAP");
    is(seen_pc, pc, "at its address");
    is(seen_code, TRAP_BRKPT, "as a breakpoint");
    __asm__ volatile("la %0, 1f\n1: c.ebreak\n" : "=r"(pc) : : "memory");
    is(seen_pc, pc, "a short one too");
}

static void check_storm(void)
{
    handle(SIGSEGV, skip, 0);
    seen_count = 0;
    unsigned char *nothing = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int wrong = 0;
    for (int i = 0; i < STORM; i++) {
        unsigned long kept = i, loaded = 0x1234;
        __asm__ volatile("ld %1, 0(%2)" : "+r"(kept), "+r"(loaded) : "r"(nothing + (i & 0xff8)) : "memory");
        wrong += kept != (unsigned long)i || loaded != 0x1234 || seen_address != nothing + (i & 0xff8);
    }
    is(seen_count, STORM, "a storm of faults reaches its handler each time");
    is(wrong, 0, "with the address, and no register changed");
}

static volatile unsigned long on_stack;

static void note_stack(int number, siginfo_t *info, void *context)
{
    unsigned long here;
    (void)number;
    (void)context;
    on_stack = (unsigned long)&here;
    seen_address = info->si_addr;
}

static sigjmp_buf back;

static void leave(int number, siginfo_t *info, void *context)
{
    note_stack(number, info, context);
    siglongjmp(back, 1);
}

static volatile unsigned long deepest;

__attribute__((noinline)) static int fall(int depth)
{
    volatile char room[2000];
    room[0] = depth;
    deepest = (unsigned long)room;
    return depth < 0 ? 0 : fall(depth + 1) + room[0];
}

static void check_stacks(void)
{
    static unsigned char other[65536] __attribute__((aligned(16)));
    stack_t stack = {.ss_sp = other, .ss_size = sizeof other};
    sigaltstack(&stack, NULL);
    handle(SIGUSR1, note_stack, SA_ONSTACK);
    raise(SIGUSR1);
    ok(on_stack >= (unsigned long)other && on_stack < (unsigned long)(other + sizeof other),
       "a handler runs on the alternate stack");
    handle(SIGUSR1, note_stack, 0);
    raise(SIGUSR1);
    ok(on_stack < (unsigned long)other || on_stack >= (unsigned long)(other + sizeof other),
       "and on the normal one where that is asked for");
    handle(SIGSEGV, leave, SA_ONSTACK);
    int overflowed = sigsetjmp(back, 1);
    if (!overflowed)
        fall(0);
    ok(overflowed && (unsigned long)seen_address <= deepest + 4096 &&
           (unsigned long)seen_address + 16384 > deepest,
       "a stack that overflows is caught on it, at the stack's end");
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
}

static volatile int order[QUEUED], arrived;

static void on_queued(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    if (arrived < QUEUED)
        order[arrived] = info->si_value.sival_int;
    arrived++;
}

static void check_queue(void)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGRTMIN);
    sigaddset(&some, SIGUSR2);
    handle(SIGRTMIN, on_queued, 0);
    handle(SIGUSR2, on_queued, 0);
    sigprocmask(SIG_BLOCK, &some, NULL);
    for (int i = 0; i < QUEUED; i++)
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
    is(arrived, 0, "blocked signals wait");
    sigset_t waiting;
    sigpending(&waiting);
    ok(sigismember(&waiting, SIGRTMIN), "and are pending");
    sigprocmask(SIG_UNBLOCK, &some, NULL);
    int wrong = 0;
    for (int i = 0; i < QUEUED; i++)
        wrong += order[i] != i;
    is(arrived, QUEUED, "queued signals all arrive");
    is(wrong, 0, "in order, with their values");
    sigprocmask(SIG_BLOCK, &some, NULL);
    arrived = 0;
    for (int i = 0; i < QUEUED; i++)
        kill(getpid(), SIGUSR2);
    sigprocmask(SIG_UNBLOCK, &some, NULL);
    is(arrived, 1, "plain ones are one, however often they were sent");
}

static void check_restart(void)
{
    int ends[2];
    char byte = 0;
    need(pipe(ends) == 0, "pipe");
    for (int restart = 0; restart < 2; restart++) {
        handle(SIGUSR1, note_stack, restart ? SA_RESTART : 0);
        pid_t parent = getpid(), child = fork();
        if (child == 0) {
            struct timespec time = {.tv_nsec = 50000000};
            nanosleep(&time, NULL);
            kill(parent, SIGUSR1);
            nanosleep(&time, NULL);
            need(write(ends[1], "x", 1) == 1, "write");
            _exit(0);
        }
        ssize_t got = read(ends[0], &byte, 1);
        if (restart)
            is(got, 1, "a read that a signal interrupts goes on with SA_RESTART");
        else {
            is(got, -1, "and ends without it");
            is(errno, EINTR, "with EINTR");
            need(read(ends[0], &byte, 1) == 1, "read");
        }
        waitpid(child, NULL, 0);
    }
    struct timespec asked = {.tv_nsec = 200000000}, left = {0};
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        struct timespec time = {.tv_nsec = 50000000};
        nanosleep(&time, NULL);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    handle(SIGUSR1, note_stack, 0);
    int code = nanosleep(&asked, &left);
    ok(code == -1 && errno == EINTR && left.tv_nsec > 0 && left.tv_nsec <= 160000000,
       "an interrupted sleep says how much is left");
    waitpid(child, NULL, 0);
}

static void clobber(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    __asm__ volatile("fcvt.d.l f0, sp\nfmv.d f1, f0\nfmv.d f8, f0\nfmv.d f9, f0\nfmv.d f18, f0\nfmv.d f27, f0\n"
                     "fmv.d f31, f0\nfsflagsi 31\nfsrmi 2\nli t0, -1\nmv t1, t0\nmv t6, t0\nmv a7, t0\n"
                     : : : "t0", "t1", "t6", "a7", "memory");
}

static void check_kept_registers(void)
{
    unsigned long integers[4], floats[4], control;
    handle(SIGUSR1, clobber, 0);
    pid_t self = getpid();
    __asm__ volatile("li t0, 1000\nfcvt.d.l f1, t0\nli t0, 1008\nfcvt.d.l f8, t0\nli t0, 1018\nfcvt.d.l f18, t0\n"
                     "li t0, 1031\nfcvt.d.l f31, t0\nli t0, 0x65\nfscsr t0\n"
                     "li t1, 11\nli t2, 12\nli t3, 13\nli t6, 14\n"
                     "mv a0, %3\nli a1, 10\nli a7, 129\necall\n" /* kill(self, SIGUSR1) */
                     "sd t1, 0(%0)\nsd t2, 8(%0)\nsd t3, 16(%0)\nsd t6, 24(%0)\n"
                     "fcvt.l.d t0, f1, rtz\nsd t0, 0(%1)\nfcvt.l.d t0, f8, rtz\nsd t0, 8(%1)\n"
                     "fcvt.l.d t0, f18, rtz\nsd t0, 16(%1)\nfcvt.l.d t0, f31, rtz\nsd t0, 24(%1)\n"
                     "frcsr t0\nsd t0, 0(%2)\nfscsr zero\n"
                     :
                     : "r"(integers), "r"(floats), "r"(&control), "r"((long)self)
                     : "a0", "a1", "a7", "t0", "t1", "t2", "t3", "t6", "ft1", "fs0", "fs2", "ft11", "memory");
    ok(integers[0] == 11 && integers[1] == 12 && integers[2] == 13 && integers[3] == 14,
       "integer registers are as they were before the handler");
    ok(floats[0] == 1000 && floats[1] == 1008 && floats[2] == 1018 && floats[3] == 1031,
       "floating-point registers too");
    is(control, 0x65, "and fcsr");
}

int main(void)
{
    plan(30);
    check_illegal();
    check_storm();
    check_stacks();
    check_queue();
    check_restart();
    check_kept_registers();
    return done();
}
