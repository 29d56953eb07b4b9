/* Floating point: all registers, flags and rounding mode belong to each process and thread, however often they
 * are switched, and single and double arithmetic is the standard's. */

#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

enum { PROCESSES = 6, THREADS = 6, ROUNDS = 300, FLAGS = 31 };

#define EACH(do) \
    do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11) do(12) do(13) do(14) do(15) \
    do(16) do(17) do(18) do(19) do(20) do(21) do(22) do(23) do(24) do(25) do(26) do(27) do(28) do(29) do(30) do(31)
#define LOAD(n) "fld f" #n ", 8*" #n "(%[in])\n"
#define STORE(n) "fsd f" #n ", 8*" #n "(%[out])\n"

/* Fill every register and fcsr, let others run (a yield, or a busy while), and store what is there then. */
__attribute__((noinline)) static unsigned long through(const uint64_t in[32], uint64_t out[32], unsigned long control,
                                                       long spins)
{
    unsigned long after;
    __asm__ volatile(EACH(LOAD)
                     "fscsr %[control]\n"
                     "beqz %[spins], 2f\n"
                     "mv t0, %[spins]\n"
                     "1: addi t0, t0, -1\n"
                     "bnez t0, 1b\n"
                     "j 3f\n"
                     "2: li a7, 124\n" /* sched_yield */
                     "ecall\n"
                     "3: frcsr %[after]\n"
                     "fscsr zero\n" EACH(STORE)
                     : [after] "=&r"(after)
                     : [in] "r"(in), [out] "r"(out), [control] "r"(control), [spins] "r"(spins)
                     : "t0", "a0", "a7", "memory", "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10",
                       "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23", "f24",
                       "f25", "f26", "f27", "f28", "f29", "f30", "f31");
    return after;
}

/* The number of values that were not kept. */
static long keep(uint64_t seed)
{
    uint64_t in[32], out[32], state = seed * 977 + 1;
    long wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 32; i++)
            in[i] = chance(&state);
        unsigned long control = (chance(&state) % 5) << 5 | (chance(&state) & FLAGS);
        /* every tenth round lasts longer than a tick of the scheduler */
        long spins = round % 10 == 9 && round < 40 ? 3000000 : round % 3 ? 0 : 500;
        wrong += through(in, out, control, spins) != control;
        for (int i = 0; i < 32; i++)
            wrong += in[i] != out[i];
    }
    return wrong;
}

static void *keep_in_thread(void *argument)
{
    return (void *)keep((uint64_t)(long)argument + 100);
}

static void check_switches(void)
{
    pid_t children[PROCESSES];
    pthread_t threads[THREADS];
    long wrong = 0;
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(keep((uint64_t)i + 1) ? 1 : 0);
    }
    for (long i = 0; i < THREADS; i++)
        need(pthread_create(&threads[i], NULL, keep_in_thread, (void *)i) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (long)result;
    }
    is(wrong, 0, "threads that take turns keep their registers, flags and rounding modes");
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        waitpid(children[i], &status, 0);
        wrong += !WIFEXITED(status) || WEXITSTATUS(status);
    }
    is(wrong, 0, "and so do processes");
}

static void check_fork(void)
{
    uint64_t in[32], out[32];
    for (int i = 0; i < 32; i++)
        in[i] = 0x4000000000000000 + i;
    fesetround(FE_UPWARD);
    feraiseexcept(FE_INEXACT);
    pid_t child = fork();
    if (child == 0)
        _exit(fegetround() == FE_UPWARD && fetestexcept(FE_ALL_EXCEPT) == FE_INEXACT ? 0 : 1);
    int status;
    waitpid(child, &status, 0);
    is(WEXITSTATUS(status), 0, "a child starts with its parent's rounding mode and flags");
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    is(through(in, out, 0, 0), 0, "and clearing them clears them");
}

static int flags_of(double (*work)(volatile double, volatile double), double a, double b)
{
    feclearexcept(FE_ALL_EXCEPT);
    volatile double result = work(a, b);
    (void)result;
    return fetestexcept(FE_ALL_EXCEPT);
}

static double divide(volatile double a, volatile double b) { return a / b; }
static double multiply(volatile double a, volatile double b) { return a * b; }
static double add(volatile double a, volatile double b) { return a + b; }

static void check_flags(void)
{
    is(flags_of(divide, 1, 3), FE_INEXACT, "a third is inexact");
    is(flags_of(divide, 1, 4), 0, "a quarter is not");
    is(flags_of(divide, 1, 0), FE_DIVBYZERO, "division by zero is told");
    is(flags_of(divide, 0, 0), FE_INVALID, "zero by zero is invalid");
    is(flags_of(multiply, 1e308, 1e308), FE_OVERFLOW | FE_INEXACT, "too large overflows");
    is(flags_of(multiply, 1e-308, 1e-308), FE_UNDERFLOW | FE_INEXACT, "too small underflows");
    is(flags_of(add, INFINITY, -INFINITY), FE_INVALID, "infinities of both signs have no sum");
}

static void check_rounding(void)
{
    static const struct { int mode; double third, minus; long whole; } rows[] = {
        {FE_TONEAREST, 0x1.5555555555555p-2, -0x1.5555555555555p-2, 2},
        {FE_TOWARDZERO, 0x1.5555555555555p-2, -0x1.5555555555555p-2, 2},
        {FE_UPWARD, 0x1.5555555555556p-2, -0x1.5555555555555p-2, 3},
        {FE_DOWNWARD, 0x1.5555555555555p-2, -0x1.5555555555556p-2, 2},
    };
    int wrong = 0;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        fesetround(rows[i].mode);
        volatile double middle = 2.5;
        wrong += divide(1, 3) != rows[i].third || divide(-1, 3) != rows[i].minus || lrint(middle) != rows[i].whole;
    }
    fesetround(FE_TONEAREST);
    is(wrong, 0, "each rounding mode rounds its way");
}

static void check_conversions(void)
{
    long result;
    double large = 1e30, nan = NAN;
    __asm__("fcvt.l.d %0, %1, rtz" : "=r"(result) : "f"(large));
    is(result, INT64_MAX, "what is too large becomes the largest");
    __asm__("fcvt.l.d %0, %1, rtz" : "=r"(result) : "f"(-large));
    is(result, INT64_MIN, "too small the smallest");
    __asm__("fcvt.w.d %0, %1, rtz" : "=r"(result) : "f"(nan));
    is(result, INT32_MAX, "no number the largest");
    float boxed;
    uint64_t raw = 0x3f800000; /* 1.0f without the ones above it */
    __asm__("fmv.d.x ft0, %1\nfadd.s %0, ft0, ft0" : "=f"(boxed) : "r"(raw) : "ft0");
    ok(isnan(boxed), "a single that is not boxed is no number");
    double fused = fma(1 + 0x1p-30, 1 - 0x1p-30, -1);
    ok(fused == -0x1p-60, "fused multiply-add rounds once");
}

int main(void)
{
    plan(17);
    check_switches();
    check_fork();
    check_flags();
    check_rounding();
    check_conversions();
    return done();
}
