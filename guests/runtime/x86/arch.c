/* x86 behind portable/arch.h. */
#include "arch.h"

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    ulong result;
#ifdef __x86_64__
    __asm__ volatile("vmcall" : "=a"(result) : "a"(number), "D"(first), "S"(second) : "memory");
#else
    __asm__ volatile("vmcall" : "=a"(result) : "a"(number), "b"(first), "c"(second) : "memory");
#endif
    return result;
}

void arch_interrupts_on(void) { __asm__ volatile("sti" ::: "memory"); }

void arch_interrupts_off(void) { __asm__ volatile("cli" ::: "memory"); }

/* No interrupt is taken between sti and hlt. */
void arch_halt(void) { __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory"); }

void arch_no_vector(void) {
    struct {
        u16 limit;
        ulong base;
    } __attribute__((packed)) empty = {0, 0};
    __asm__ volatile("lidt %0" ::"m"(empty));
}
