/* The timer and the external interrupt: each arrives, once, not before its time; waits while masked; can be cancelled. */
#include "arch.h"
#include "check.h"
#include "console.h"

#define DELAY 100000u /* ns */

static volatile u32 timers, externals;
static volatile u64 fired_at;

static void on_line(enum line line) {
    if (line == LINE_TIMER) {
        timers++;
        fired_at = board_now();
        board_quiet_alarm();
    } else {
        externals++;
        board_external(0);
    }
}

static void spin_for(u32 ns) {
    u64 end = board_now() + ns;
    while (board_now() < end) {
    }
}

static void let_in(void) {
    arch_interrupts_on();
    for (volatile u32 turns = 0; turns < 10; turns++) {
    }
    arch_interrupts_off();
}

int main(void) {
    on_interrupt = on_line;
    arch_interrupts_on();
    for (u32 round = 1; round <= 3; round++) {
        u64 start = board_now();
        board_alarm(round * DELAY);
        while (timers < round) {
        }
        print("timer %u\n", round);
        check("not early", fired_at - start >= round * DELAY, 1);
    }
    arch_interrupts_off();
    board_alarm(DELAY);
    spin_for(2 * DELAY);
    check("not taken while masked", timers, 3);
    let_in();
    check("taken when unmasked", timers, 4);
    board_alarm(DELAY);
    board_quiet_alarm();
    arch_interrupts_on();
    spin_for(2 * DELAY);
    check("a cancelled alarm never fires", timers, 4);
    board_alarm(50 * DELAY);
    board_alarm(DELAY);
    spin_for(2 * DELAY);
    check("a new alarm replaces the old", timers, 5);

    check("no external interrupt so far", externals, 0);
    arch_interrupts_off();
    board_external(1);
    spin_for(DELAY);
    check("external: not taken while masked", externals, 0);
    let_in();
    check("external: taken when unmasked", externals, 1);
    arch_interrupts_on();
    for (u32 round = 2; round <= 5; round++) {
        board_external(1);
        while (externals < round) {
        }
    }
    spin_for(DELAY);
    arch_interrupts_off();
    check("external: one for each", externals, 5);
    check("timer: none since", timers, 5);
    return 0;
}
