/* m68k behind portable/arch.h: MC680x0 and ColdFire, whose exception frames differ. */
#include "arch.h"

#define ACCESS_FAULT 2
#define PRIVILEGE 8
#define AUTOVECTOR 24
#define SUPERVISOR 0x2000
#define SOFTWARE_LEVEL 1
#define TIMER_LEVEL 6
#define GATE 0x485643

/* What vectors.S leaves on the stack. */
struct frame {
    u32 registers[15];
    u32 stub; /* return address of the stub */
#ifdef __mcoldfire__
    u16 format, status;
    u32 pc;
#else
    u16 status;
    u16 pc_high, pc_low;
    u16 format;
    u16 more[26];
#endif
};

extern const char vector_stubs[];
void on_vector(struct frame *frame);

static u32 pc_of(const struct frame *frame) {
#ifdef __mcoldfire__
    return frame->pc;
#else
    return (u32)frame->pc_high << 16 | frame->pc_low;
#endif
}

static void set_pc(struct frame *frame, u32 pc) {
#ifdef __mcoldfire__
    frame->pc = pc;
#else
    frame->pc_high = (u16)(pc >> 16);
    frame->pc_low = (u16)pc;
#endif
}

/* The MC68040's frame of an access error (format 7) says where; the other causes have no address that arch_trap knows. */
static ulong address_of(const struct frame *frame, u32 vector) {
#ifdef __mcoldfire__
    (void)frame, (void)vector;
#else
    if (vector == ACCESS_FAULT && frame->format >> 12 == 7) return (ulong)frame->more[6] << 16 | frame->more[7];
#endif
    return ANY;
}

void on_vector(struct frame *frame) {
    u32 vector = (frame->stub - (u32)vector_stubs) / 4 - 1;
    if (vector > AUTOVECTOR && vector < AUTOVECTOR + 8) {
        u32 level = vector - AUTOVECTOR;
        arch_interrupt(level == TIMER_LEVEL ? LINE_TIMER : level == SOFTWARE_LEVEL ? LINE_SOFTWARE : LINE_EXTERNAL);
        return;
    }
    set_pc(frame, arch_trap(vector, pc_of(frame), address_of(frame, vector)));
    if (vector == PRIVILEGE) frame->status |= SUPERVISOR; /* where the probes go on */
}

void arch_interrupts_on(void) { __asm__ volatile("move.w #0x2000, %%sr" ::: "memory", "cc"); }
void arch_interrupts_off(void) { __asm__ volatile("move.w #0x2700, %%sr" ::: "memory", "cc"); }

void arch_halt(void) {
    __asm__ volatile("stop #0x2000" ::: "memory", "cc"); /* lets them in and sleeps, at once */
    arch_interrupts_off();
}

void arch_no_vector(void) {
    for (u32 vector = 2; vector < 256; vector++) *(volatile u32 *)(4 * vector) = 0;
}

ulong arch_hypercall(ulong number, ulong first, ulong second) {
    register ulong d0 __asm__("d0") = number;
    register ulong d1 __asm__("d1") = first;
    register ulong d2 __asm__("d2") = second;
    register ulong d7 __asm__("d7") = GATE;
    __asm__ volatile("trap #15" : "+r"(d0) : "r"(d1), "r"(d2), "r"(d7) : "memory");
    return d0;
}
