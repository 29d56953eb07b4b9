/* Sleeps until the timer wakes it; for ever, where the ISA has no interrupts. */
#include "arch.h"
#include "check.h"
#include "console.h"

#define DELAY 1000000u /* ns */
#define ROUNDS 20u

#if HAS_INTERRUPTS
static volatile u32 taken;

static void on_line(enum line line) {
    if (line != LINE_TIMER) fail("woken by something else than the timer");
    board_quiet_alarm();
    taken++;
}

int main(void) {
    on_interrupt = on_line;
    u64 start = board_now();
    for (u32 round = 1; round <= ROUNDS; round++) {
        board_alarm(DELAY);
        while (taken < round) arch_halt();
    }
    check("every alarm woke it", taken, ROUNDS);
    check("and it slept until each", board_now() - start >= (u64)ROUNDS * DELAY, 1);
    return 0;
}
#else
int main(void) {
    console_puts("good night\n");
    arch_halt();
    fail("it woke");
}
#endif
