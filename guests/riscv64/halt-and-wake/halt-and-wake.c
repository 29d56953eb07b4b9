/* wfi: sleeps until an interrupt that mie enables is pending, whether or not mstatus lets it be taken. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "trap.h"

#define DELAY 1000000u /* ns */

static volatile u32 taken;

static void on_trap(struct trap *trap) {
    if (trap->cause != (CAUSE_INTERRUPT | 7)) fail("woken by something else than the timer");
    board_quiet_alarm();
    taken++;
}

static inline void sleep(void) { __asm__ volatile("wfi" ::: "memory"); }

int main(void) {
    machine_trap = on_trap;
    board_quiet_alarm(); /* a CLINT may be pending from reset */
    csr_set(mie, INTERRUPT_MTI | INTERRUPT_MSI);

    u64 start = board_now();
    board_alarm(DELAY);
    while ((csr_read(mip) & INTERRUPT_MTI) == 0) sleep();
    check("slept until the alarm", board_now() - start >= DELAY - 100, 1);
    check("mstatus.MIE is off: woken without a trap", taken, 0);
    board_quiet_alarm();

    board_software(0, 1);
    sleep();
    check("an interrupt that is pending already: no sleep", csr_read(mip) & INTERRUPT_MSI, INTERRUPT_MSI);
    board_software(0, 0);

    csr_clear(mie, INTERRUPT_MSI);
    for (u32 round = 1; round <= 100; round++) {
        board_alarm(DELAY / 100);
        while (taken < round) { /* no trap between the question and the sleep, or the wake-up is lost */
            sleep();
            csr_set(mstatus, STATUS_MIE);
            csr_clear(mstatus, STATUS_MIE);
        }
    }
    check("a hundred alarms slept through", taken, 100);
    return 0;
}
