/* SPARC behind portable/arch.h. Interrupts are held off by PIL; traps stay enabled, since register windows need them. */
#include "arch.h"

#include "trap.h"

#ifdef __arch64__
#define INTERRUPT 0x40
#else
#define INTERRUPT 0x10
#endif
#define TIMER_LEVEL 10
#define SOFTWARE_LEVEL 1
#define UNTAKEN 15

static ulong fault_address(ulong type);
void sparc_trap(struct trap *trap);

void sparc_trap(struct trap *trap) {
    ulong type = trap->g[0];
    if (type > INTERRUPT && type < INTERRUPT + 16) {
        switch (type - INTERRUPT) {
        case TIMER_LEVEL: arch_interrupt(LINE_TIMER); break;
        case SOFTWARE_LEVEL: arch_interrupt(LINE_SOFTWARE); break;
        default: arch_interrupt(LINE_EXTERNAL);
        }
#ifndef __arch64__
        extern const char asleep[];
        if (trap->pc == (ulong)asleep) { /* it is awake */
            trap->pc = trap->npc;
            trap->npc = trap->pc + 4;
        }
#endif
        return;
    }
    trap->pc = arch_trap(type, trap->pc, fault_address(type));
    trap->npc = trap->pc + 4;
}

#ifdef __arch64__
static ulong fault_address(ulong type) {
    (void)type;
    return ANY;
}

static void hold_off(ulong level) { __asm__ volatile("wrpr %0, 0, %%pil" ::"r"(level) : "memory"); }

void arch_interrupts_on(void) {
    __asm__ volatile("wrpr %g0, 0x16, %pstate"); /* PEF, PRIV, IE */
    hold_off(0);
}

void arch_interrupts_off(void) { hold_off(UNTAKEN); }

void arch_no_vector(void) { /* at the last level, a trap is the end */
    ulong version;
    __asm__ volatile("rdpr %%ver, %0" : "=r"(version));
    __asm__ volatile("wrpr %0, 0, %%tl" ::"r"(version >> 8 & 0xff));
}
#else
#define PSR_ET 0x20

static ulong fault_address(ulong type) {
    ulong address = ANY;
    if (type == 0x29) /* data_access_error: the MMU's fault address register, as a LEON has it */
        __asm__ volatile("lda [%1] 0x19, %0" : "=r"(address) : "r"(0x400));
    return address;
}

static void hold_off(ulong level) {
    ulong psr;
    __asm__ volatile("rd %%psr, %0" : "=r"(psr));
    psr = (psr & ~0xf00ul) | level << 8;
    __asm__ volatile("wr %0, 0, %%psr\n nop\n nop\n nop" ::"r"(psr) : "memory", "cc");
}

void arch_interrupts_on(void) { hold_off(0); }

void arch_interrupts_off(void) { hold_off(UNTAKEN); }

/* An interrupt that comes before it sleeps finds it at `asleep`, and has it go on behind. */
void arch_halt(void) {
    hold_off(0);
    __asm__ volatile(".globl asleep\nasleep: wr %%g0, %%asr19" ::: "memory");
    hold_off(UNTAKEN);
}

void arch_no_vector(void) { /* with traps disabled, one is the end */
    ulong psr;
    __asm__ volatile("rd %%psr, %0" : "=r"(psr));
    __asm__ volatile("wr %0, 0, %%psr\n nop\n nop\n nop" ::"r"(psr & ~PSR_ET) : "memory", "cc");
}
#endif

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong nr __asm__("g1") = number;
    register ulong o0 __asm__("o0") = first;
    register ulong o1 __asm__("o1") = second;
    __asm__ volatile("ta 0x56" : "+r"(o0) : "r"(nr), "r"(o1) : "memory");
    return o0;
}
