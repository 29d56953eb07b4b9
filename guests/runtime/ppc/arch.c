/* PowerPC behind portable/arch.h. */
#include "arch.h"

#define MSR_EE 0x8000ul
#define MSR_POW 0x40000ul
#define HID0_DOZE 0x800000ul

static inline ulong msr(void) {
    ulong value;
    __asm__ volatile("mfmsr %0" : "=r"(value));
    return value;
}

static inline void set_msr(ulong value) {
#ifdef __powerpc64__
    __asm__ volatile("mtmsrd %0" ::"r"(value) : "memory");
#else
    __asm__ volatile("sync\n\tmtmsr %0\n\tisync" ::"r"(value) : "memory");
#endif
}

void arch_interrupts_on(void) { set_msr(msr() | MSR_EE); }
void arch_interrupts_off(void) { set_msr(msr() & ~MSR_EE); }

void arch_halt(void) {
#ifdef __powerpc64__
    __asm__ volatile(".long 0x7c00003c" ::: "memory"); /* wait: an interrupt that is pending ends it, masked or not */
    arch_interrupts_on();
#else
    ulong hid0;
    __asm__ volatile("mfspr %0, 1008" : "=r"(hid0));
    __asm__ volatile("mtspr 1008, %0" ::"r"(hid0 | HID0_DOZE));
    set_msr(msr() | MSR_EE | MSR_POW); /* at once: nothing comes between */
#endif
    arch_interrupts_off();
}

void arch_no_vector(void) {
    for (ulong vector = 0x100; vector < 0x2000; vector += 0x20) *(volatile u32 *)vector = 0;
}

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong r0 __asm__("r0") = number;
    register ulong r3 __asm__("r3") = first;
    register ulong r4 __asm__("r4") = second;
    __asm__ volatile(".long 0x44000022" : "+r"(r3) : "r"(r0), "r"(r4) : "memory"); /* sc 1 */
    return r3;
}
