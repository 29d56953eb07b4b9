/* z/Architecture behind portable/arch.h. */
#include "arch.h"

#define EXTERNAL 0x0100000000000000ul
#define WAIT 0x0002000000000000ul
#define MODE 0x0000000180000000ul

static void let_in(void) { /* clock comparator, service signal, emergency signal */
    ulong masks;
    __asm__ volatile("stctg %%c0, %%c0, %0" : "=Q"(masks));
    masks |= 0x4a00;
    __asm__ volatile("lctlg %%c0, %%c0, %0" ::"Q"(masks) : "memory");
}

void arch_interrupts_on(void) {
    u8 old;
    let_in();
    __asm__ volatile("stosm %0, 1" : "=Q"(old)::"memory");
}

void arch_interrupts_off(void) {
    u8 old;
    __asm__ volatile("stnsm %0, 0xfe" : "=Q"(old)::"memory");
}

void arch_halt(void) {
    ulong psw[2] = {EXTERNAL | WAIT | MODE, 0};
    let_in();
    __asm__ volatile("larl %%r1, 1f\n\tstg %%r1, %1\n\tlpswe %0\n1:" ::"Q"(psw[0]), "Q"(psw[1]) : "r1", "memory", "cc");
    arch_interrupts_off();
}

void arch_no_vector(void) {
    for (ulong psw = 0x1b0; psw < 0x1e0; psw += 8) *(volatile ulong *)psw = 0;
}

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong r1 __asm__("r1") = number;
    register ulong r2 __asm__("r2") = first;
    register ulong r3 __asm__("r3") = second;
    __asm__ volatile("svc 255" : "+d"(r2) : "d"(r1), "d"(r3) : "memory");
    return r2;
}
