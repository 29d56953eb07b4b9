/* What shows time and instructions: DDI 0487 chapters D11 (generic timer) and D13 (performance monitors). */
#include "arch.h"
#include "check.h"
#include "console.h"

#define GET(name)                                          \
    ({                                                     \
        ulong got;                                         \
        __asm__ volatile("mrs %0, " #name : "=r"(got)::"memory"); \
        got;                                               \
    })
#define SET(name, value) __asm__ volatile("msr " #name ", %0\n isb" ::"r"((ulong)(value)) : "memory")
#define FREQUENCY 62500000ul
#define PERIOD 16u /* ns */

/* Two readings of a counter with 98 instructions between them. */
#define APART(name)                                                                                       \
    ({                                                                                                    \
        ulong before, after;                                                                              \
        __asm__ volatile("isb\n mrs %0, " #name "\n .rept 98\n nop\n .endr\n mrs %1, " #name              \
                         : "=&r"(before), "=r"(after)::"memory");                                         \
        after - before;                                                                                   \
    })

static void system_counter(void) {
    check("frequency", GET(cntfrq_el0), FREQUENCY);
    u64 ns = board_now();
    ulong counted = GET(cntpct_el0);
    check("the counter shows the board's time", counted - ns / PERIOD <= 10, 1);
    ulong physical = GET(cntpct_el0), virtual = GET(cntvct_el0);
    check("and the virtual one too", virtual - physical <= 1, 1);
    check("it counts time: 99 instructions", APART(cntvct_el0) * PERIOD <= 112, 1);
}

static void timer(void) {
    SET(cntv_tval_el0, 1000);
    SET(cntv_ctl_el0, 1);
    check("a timer that is not due", GET(cntv_ctl_el0), 1);
    ulong left = GET(cntv_tval_el0);
    check("counts down", left < 1000 && left > 900, 1);
    check("to its value", GET(cntv_cval_el0) - GET(cntvct_el0) < 1000, 1);
    while (GET(cntvct_el0) < GET(cntv_cval_el0)) {
    }
    check("it is due", GET(cntv_ctl_el0), 5);
    check("and behind", GET(cntv_tval_el0) >> 31, 1);
    SET(cntv_ctl_el0, 2);
    check("switched off and masked", GET(cntv_ctl_el0), 2);
    SET(cntp_cval_el0, ~0ul);
    SET(cntp_ctl_el0, 3);
    check("the other one", GET(cntp_ctl_el0), 3);
    check("keeps its own value", GET(cntp_cval_el0), ~0ul);
}

static void cycle_counter(void) {
    SET(pmcr_el0, 4);
    check("the cycle counter stands still", GET(pmccntr_el0), 0);
    SET(pmcntenset_el0, 1ul << 31);
    check("until both switches are on", GET(pmccntr_el0), 0);
    SET(pmcr_el0, 1);
    check("it counts instructions", APART(pmccntr_el0), 99);
    SET(pmccntr_el0, 1ul << 40);
    check("it is written", GET(pmccntr_el0) >> 40, 1);
    SET(pmcr_el0, 5);
    check("and reset", GET(pmccntr_el0) < 100, 1);
    SET(pmcntenclr_el0, 1ul << 31);
    ulong stopped = GET(pmccntr_el0);
    check("and stopped", GET(pmccntr_el0), stopped);
    check("and says so", GET(pmcntenset_el0) >> 31, 0);
}

static void breakpoint(void) {
    SET(dbgbvr0_el1, (ulong)system_counter);
    SET(dbgbcr0_el1, 0x1e7);
    check("a hardware breakpoint is kept", GET(dbgbvr0_el1), (ulong)system_counter);
    check("and its control", GET(dbgbcr0_el1), 0x1e7);
    SET(dbgbcr0_el1, 0);
}

int main(void) {
    system_counter();
    timer();
    cycle_counter();
    breakpoint();
    console_puts("ok counters\n");
    return 0;
}
