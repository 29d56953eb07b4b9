/* The machine external interrupt: level-sensitive, maskable in mie and mstatus, and first in the order of priority;
 * delivered by a direct and by a vectored mtvec. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "trap.h"

#define EXTERNAL (CAUSE_INTERRUPT | 11)
#define SOFTWARE (CAUSE_INTERRUPT | 3)
#define TIMER (CAUSE_INTERRUPT | 7)

static volatile u32 taken;
static volatile ulong causes[8];

/* Silences the source, as a driver would. */
static void on_trap(struct trap *trap) {
    causes[taken++ % COUNT(causes)] = trap->cause;
    if (trap->cause == EXTERNAL) {
        u32 claim = board_claim();
        board_external(0);
        board_complete(claim);
    } else if (trap->cause == SOFTWARE) {
        board_software(0, 0);
    } else if (trap->cause == TIMER) {
        board_quiet_alarm();
    } else {
        fail("a cause that nobody raised");
    }
}

static void open_window(void) {
    csr_set(mstatus, STATUS_MIE);
    __asm__ volatile("nop");
    csr_clear(mstatus, STATUS_MIE);
}

extern u8 vectors[];
extern volatile ulong vectored;

int main(void) {
    machine_trap = on_trap;
    check("nothing pending at the start", csr_read(mip) & INTERRUPT_MEI, 0);
    board_external(1);
    check("pending", csr_read(mip) & INTERRUPT_MEI, INTERRUPT_MEI);
    open_window();
    check("mie masks it", taken, 0);
    csr_set(mie, INTERRUPT_MEI);
    check("mstatus.MIE masks it", taken, 0);
    open_window();
    check("taken once", taken, 1);
    check("cause is the machine external interrupt", causes[0], EXTERNAL);
    check("no longer pending", csr_read(mip) & INTERRUPT_MEI, 0);
#ifdef BOARD_BARE /* a PLIC remembers */
    board_external(1);
    board_external(0);
    open_window();
    check("a level that went down is forgotten", taken, 1);
#endif

    csr_set(mie, INTERRUPT_MEI | INTERRUPT_MSI | INTERRUPT_MTI);
    board_alarm(1);
    board_software(0, 1);
    board_external(1);
    while ((csr_read(mip) & INTERRUPT_MTI) == 0) {
    }
    taken = 0;
    csr_set(mstatus, STATUS_MIE);
    while (taken < 3) {
    }
    csr_clear(mstatus, STATUS_MIE);
    check("all three are taken", causes[0] ^ causes[1] ^ causes[2], EXTERNAL ^ SOFTWARE ^ TIMER);
#ifdef BOARD_BARE /* QEMU takes the lowest number first, against section 3.1.14 of the manual */
    check("first the external interrupt", causes[0], EXTERNAL);
    check("then the software interrupt", causes[1], SOFTWARE);
    check("then the timer", causes[2], TIMER);
#endif

    csr_write(mtvec, (ulong)vectors | 1);
    check("mtvec takes the vectored mode", csr_read(mtvec), (ulong)vectors | 1);
    taken = 0;
    board_software(0, 1);
    open_window();
    check("taken through the table", taken, 1);
    check("by the entry of its cause", vectored, 3);
    board_external(1);
    open_window();
    check("taken through the table", taken, 2);
    check("by the entry of its cause", vectored, 11);
    return 0;
}
