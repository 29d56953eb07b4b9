/* The A profile behind portable/arch.h. The board's three lines are one IRQ. */
#include "arch.h"

void arm_interrupt(void);

void arm_interrupt(void) { arch_interrupt(line_of_devices()); }

#if __ARM_ARCH >= 7
void arch_interrupts_on(void) { __asm__ volatile("cpsie i" ::: "memory"); }
void arch_interrupts_off(void) { __asm__ volatile("cpsid i" ::: "memory"); }
#else
static void mask(u32 bit) {
    u32 psr;
    __asm__ volatile("mrs %0, cpsr\n bic %0, %0, #0x80\n orr %0, %0, %1\n msr cpsr_c, %0" : "=&r"(psr) : "r"(bit) : "memory");
}
void arch_interrupts_on(void) { mask(0); }
void arch_interrupts_off(void) { mask(0x80); }
#endif

void arch_halt(void) {
    arch_idle(); /* wakes also where CPSR.I is set */
    arch_interrupts_on();
    arch_interrupts_off();
}

void arch_no_vector(void) {
#if __ARM_ARCH >= 7
    __asm__ volatile("mcr p15, 0, %0, c12, c0, 0\n isb" ::"r"(0)); /* nothing is at 0 */
#else
    for (u32 at = 0; at < 0x20; at += 4) write32(at, 0);
#endif
}

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong r0 __asm__("r0") = number;
    register ulong r1 __asm__("r1") = first;
    register ulong r2 __asm__("r2") = second;
#ifdef __thumb__
    __asm__ volatile(".short 0xf7e0, 0x8000" : "+r"(r0) : "r"(r1), "r"(r2) : "memory"); /* hvc #0 */
#else
    __asm__ volatile(".word 0xe1400070" : "+r"(r0) : "r"(r1), "r"(r2) : "memory");
#endif
    return r0;
}
