/* S mode on firmware: harts started, stopped and started again by HSM, IPIs, the timer, and the work of smp. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "sbi.h"
#include "width.h"
#include "../smp/work.h"

#define SSI (1ul << 1)
#define STI (1ul << 5)
#define TICKS 10000ul /* of the 10 MHz clock */
#define LONG 1000000000ul

void hart_entry(void);

static volatile u32 team, second_lives, opaque_is_right = 1;
static volatile ulong lead;

void ring(ulong hart) { sbi(SBI_IPI, 0, 1ul << hart, 0, 0); }
int rung(ulong hart) {
    (void)hart;
    return (csr_read(sip) & SSI) != 0;
}
void unring(ulong hart) {
    (void)hart;
    csr_clear(sip, SSI);
}

void secondary(ulong hart, ulong opaque) {
    if (opaque != (hart ^ 0x5a5a)) opaque_is_right = 0;
    csr_write(sie, SSI);
    if (second_lives) {
        second_lives++;
    } else {
        while (!team) {
        }
        work(hart, lead, team);
    }
    sbi(SBI_HSM, HART_STOP, 0, 0, 0);
    fail("a hart that stopped goes on");
}

static long start(ulong hart) { return sbi(SBI_HSM, HART_START, hart, (ulong)hart_entry, hart ^ 0x5a5a).error; }

static void wait_for_stop(ulong hart) {
    while (sbi(SBI_HSM, HART_STATUS, hart, 0, 0).value != STOPPED) {
    }
}

static void check_timer(void) {
    csr_write(sie, STI);
    ulong now = csr_read(time);
    sbi(SBI_TIME, 0, now + LONG, 0, 0);
    check("the timer is not pending at once", csr_read(sip) & STI, 0);
    now = csr_read(time);
    sbi(SBI_TIME, 0, now + TICKS, 0, 0);
    while ((csr_read(sip) & STI) == 0) __asm__ volatile("wfi");
    check("the timer woke this hart, not early", csr_read(time) - now >= TICKS, 1);
    sbi(SBI_TIME, 0, ~0ul, 0, 0);
    check("a far timer is not pending", csr_read(sip) & STI, 0);
}

int main(ulong hart) {
    u32 harts = 0;
    while (harts < MAX_HARTS && sbi(SBI_HSM, HART_STATUS, harts, 0, 0).error == 0) harts++;
    print("harts %u\n", harts);
    check("more than one", harts > 1, 1);
    check("this hart is started", (ulong)sbi(SBI_HSM, HART_STATUS, hart, 0, 0).value, STARTED);
    check("no start of a hart that is running", start(hart) != 0, 1);
    check("no start of a hart that is not there", start(4096) != 0, 1);
    lead = hart;
    for (u32 other = 0; other < harts; other++)
        if (other != hart) check("a hart starts", (ulong)start(other), 0);
    csr_write(sie, SSI);
    team = harts;
    work(hart, lead, harts);
    check("each hart has its argument", opaque_is_right, 1);

    for (u32 other = 0; other < harts; other++)
        if (other != hart) wait_for_stop(other);
    second_lives = 1;
    for (u32 other = 0; other < harts; other++) {
        if (other == hart) continue;
        check("a stopped hart starts again", (ulong)start(other), 0);
        wait_for_stop(other);
    }
    check("each lived twice", second_lives, harts);
    check_timer();
    console_puts("ok smp-sbi\n");
    sbi(SBI_SRST, 0, 0, 0, 0);
    fail("the system goes on after a shutdown");
}
