/* Two to eight harts, started by their software interrupts: locks, atomics, a ring of interrupts, sleep and wake. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "width.h"
#include "work.h"

static volatile u32 arrived[MAX_HARTS], team;

void ring(ulong hart) { board_software(hart, 1); }
int rung(ulong hart) {
    (void)hart;
    return (csr_read(mip) & INTERRUPT_MSI) != 0;
}
void unring(ulong hart) { board_software(hart, 0); }

void secondary(ulong hart) {
    arrived[hart] = csr_read(mhartid) == hart ? 1 : 2;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    unring(hart);
    while (!team) {
    }
    work(hart, 0, team);
}

/* A hart that is not there does not keep its software interrupt; one that is either does, or has already come. */
static int start(ulong hart) {
    ring(hart);
    return board_software_pending(hart) || arrived[hart];
}

int main(void) {
    u32 harts = 1;
    while (harts < MAX_HARTS && start(harts)) harts++;
    print("harts %u\n", harts);
    check("more than one", harts > 1, 1);
    for (u32 hart = 1; hart < harts; hart++) {
        while (!arrived[hart]) {
        }
        check("a hart came, with its own id", arrived[hart], 1);
    }
    csr_set(mie, INTERRUPT_MSI);
    team = harts;
    work(0, 0, harts);
    console_puts("ok smp\n");
    return 0;
}
