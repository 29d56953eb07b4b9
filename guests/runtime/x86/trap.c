/* Exceptions to arch_trap(), interrupt lines of `bare` to arch_interrupt(). */
#include "trap.h"

#include "arch.h"

#define FIRST_LINE 0x20
#define DEBUG 1
#define PAGE_FAULT 14
#define TF 0x100

int (*on_vector)(struct frame *frame);

static ulong fault_address(void) {
    ulong address;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

void dispatch(struct frame *frame) {
    if (on_vector && on_vector(frame)) return;
    switch (frame->vector) {
    case FIRST_LINE: arch_interrupt(LINE_EXTERNAL); return;
    case FIRST_LINE + 1: arch_interrupt(LINE_TIMER); return;
    case FIRST_LINE + 2: arch_interrupt(LINE_SOFTWARE); return;
    case DEBUG: frame->flags &= ~(ulong)TF;
    }
    frame->pc = arch_trap(frame->vector, frame->pc, frame->vector == PAGE_FAULT ? fault_address() : ANY);
}
