/* AArch64 behind portable/arch.h. The board's three lines are one IRQ. */
#include "arch.h"

void aarch64_interrupt(void);

void aarch64_interrupt(void) { arch_interrupt(line_of_devices()); }

void arch_interrupts_on(void) { __asm__ volatile("msr daifclr, #2" ::: "memory"); }
void arch_interrupts_off(void) { __asm__ volatile("msr daifset, #2" ::: "memory"); }

void arch_halt(void) {
    arch_idle(); /* wakes also where PSTATE.I is set */
    arch_interrupts_on();
    arch_interrupts_off();
}

void arch_no_vector(void) { __asm__ volatile("msr vbar_el1, xzr\n isb" ::: "memory"); }

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong x0 __asm__("x0") = number;
    register ulong x1 __asm__("x1") = first;
    register ulong x2 __asm__("x2") = second;
    __asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2) : "memory");
    return x0;
}
