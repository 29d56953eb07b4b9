/* RISC-V behind portable/arch.h, in M mode. The names that it does not have, guests/riscv64 has by richer guests. */
#include "arch.h"

#include "csr.h"
#include "trap.h"

static void on_trap(struct trap *trap) {
    if (!(trap->cause & CAUSE_INTERRUPT)) {
        trap->epc = arch_trap(trap->cause, trap->epc, trap->tval);
        return;
    }
    switch (trap->cause & ~CAUSE_INTERRUPT) {
    case 3: arch_interrupt(LINE_SOFTWARE); break;
    case 7: arch_interrupt(LINE_TIMER); break;
    default: arch_interrupt(LINE_EXTERNAL);
    }
}

static void take(void) {
    machine_trap = on_trap;
    csr_set(mie, INTERRUPT_MSI | INTERRUPT_MTI | INTERRUPT_MEI);
}

void arch_interrupts_on(void) {
    take();
    csr_set(mstatus, STATUS_MIE);
}

void arch_interrupts_off(void) { csr_clear(mstatus, STATUS_MIE); }

void arch_halt(void) {
    take();
    __asm__ volatile("wfi" ::: "memory"); /* wakes also where mstatus.MIE is off */
    csr_set(mstatus, STATUS_MIE);
    csr_clear(mstatus, STATUS_MIE);
}

void arch_no_vector(void) { csr_write(mtvec, 0); }
