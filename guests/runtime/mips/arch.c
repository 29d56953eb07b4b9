/* MIPS behind portable/arch.h, in kernel mode. */
#include "arch.h"

#include "asm.h"

static u32 status(void) {
    u32 value;
    __asm__ volatile("mfc0 %0, $12" : "=r"(value));
    return value;
}

static void set_status(u32 value) { __asm__ volatile("mtc0 %0, $12; ssnop; ssnop; ssnop" ::"r"(value) : "memory"); }

void arch_interrupts_on(void) { set_status(status() | STATUS_IM | STATUS_IE); }

void arch_interrupts_off(void) { set_status(status() & ~(u32)STATUS_IE); }

void arch_halt(void) {
    set_status(status() | STATUS_IM);
    __asm__ volatile("wait" ::: "memory"); /* ends also while Status.IE is off */
    arch_interrupts_on();
    arch_interrupts_off();
}

/* To the ROM's vectors, which `bare` does not have. */
void arch_no_vector(void) { set_status(status() | STATUS_BEV); }

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong v0 __asm__("$2") = number;
    register ulong a0 __asm__("$4") = first;
    register ulong a1 __asm__("$5") = second;
    __asm__ volatile("syscall 0x4856" : "+r"(v0) : "r"(a0), "r"(a1) : "memory");
    return v0;
}
