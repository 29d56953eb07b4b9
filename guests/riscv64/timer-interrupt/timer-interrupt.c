/* The machine timer: fires once, not before its time; waits while masked; can be cancelled. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "trap.h"

#define DELAY 100000u /* ns */

static volatile u32 fired;
static volatile ulong cause, epc;
static volatile u64 fired_at;

static void on_trap(struct trap *trap) {
    fired++;
    cause = trap->cause;
    epc = trap->epc;
    fired_at = board_now();
    board_quiet_alarm();
}

static void spin_for(u32 ns) {
    u64 end = board_now() + ns;
    while (board_now() < end) {
    }
}

int main(void) {
    machine_trap = on_trap;
    board_quiet_alarm(); /* a CLINT may be pending from reset */
    csr_set(mie, INTERRUPT_MTI);
    csr_set(mstatus, STATUS_MIE);
    for (u32 round = 1; round <= 3; round++) {
        u64 start = board_now();
        board_alarm(round * DELAY);
        while (fired < round) {
        }
        print("timer %u\n", round);
        check("cause is the machine timer", cause, CAUSE_INTERRUPT | 7);
        check("not early", fired_at - start >= round * DELAY - 100, 1); /* one tick of a 10 MHz timer */
        check("epc is in main", epc - (ulong)main < 4096, 1);
    }
    csr_clear(mstatus, STATUS_MIE);
    board_alarm(DELAY);
    check("not pending at once", csr_read(mip) & INTERRUPT_MTI, 0);
    spin_for(2 * DELAY);
    check("pending while masked", csr_read(mip) & INTERRUPT_MTI, INTERRUPT_MTI);
    check("not taken while masked", fired, 3);
    csr_set(mstatus, STATUS_MIE);
    __asm__ volatile("nop");
    csr_clear(mstatus, STATUS_MIE);
    check("taken when unmasked", fired, 4);
    board_alarm(DELAY);
    board_quiet_alarm();
    csr_set(mstatus, STATUS_MIE);
    spin_for(2 * DELAY);
    check("a cancelled alarm never fires", fired, 4);
    board_alarm(50 * DELAY);
    board_alarm(DELAY);
    spin_for(2 * DELAY);
    check("a new alarm replaces the old", fired, 5);
    return 0;
}
