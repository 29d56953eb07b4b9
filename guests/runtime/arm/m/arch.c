/* The M profile behind portable/arch.h. Exceptions by their numbers; the board's lines are external interrupts 0
 * (external), 1 (timer), 2 (software). */
#include "arch.h"

#define NVIC_ISER 0xe000e100ul
#define NVIC_ICER 0xe000e180ul
#define LINES 7 /* of the board */
#define CFSR 0xe000ed28ul
#define VTOR 0xe000ed08ul
#define BFAR 0xe000ed38ul

struct frame {
    u32 r0, r1, r2, r3, r12, lr, pc, xpsr;
};

void m_trap(struct frame *frame);
void m_interrupt(void);

static u32 exception_number(void) {
    u32 number;
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    return number;
}

/* An exception that an instruction raised: it returns to where arch_trap() says. */
void m_trap(struct frame *frame) {
    ulong address = ANY;
#if __ARM_ARCH >= 7
    u32 why = read32(CFSR);
    if (why & 0x8000) address = read32(BFAR);
    write32(CFSR, why);
#endif
    frame->pc = arch_trap(exception_number(), frame->pc, address);
    frame->xpsr |= 1u << 24; /* T: the fault may have been that it was not set */
}

void m_interrupt(void) {
    switch (exception_number()) {
    case 16: arch_interrupt(LINE_EXTERNAL); break;
    case 17: arch_interrupt(LINE_TIMER); break;
    default: arch_interrupt(LINE_SOFTWARE);
    }
}

void arch_interrupts_on(void) { write32(NVIC_ISER, LINES); }

void arch_interrupts_off(void) {
    write32(NVIC_ICER, LINES);
    __asm__ volatile("dsb\n isb" ::: "memory");
}

void arch_halt(void) {
    __asm__ volatile("cpsid i" ::: "memory");
    arch_interrupts_on();
    arch_idle(); /* wakes also where PRIMASK is set */
    __asm__ volatile("cpsie i\n isb" ::: "memory");
    arch_interrupts_off();
}

static const u32 nothing[128] __attribute__((aligned(512)));

void arch_no_vector(void) { write32(VTOR, (ulong)nothing); }

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong r0 __asm__("r0") = number;
    register ulong r1 __asm__("r1") = first;
    register ulong r2 __asm__("r2") = second;
    __asm__ volatile(".short 0xf7e0, 0x8000" : "+r"(r0) : "r"(r1), "r"(r2) : "memory"); /* hvc #0 */
    return r0;
}
