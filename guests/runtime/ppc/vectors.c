/* What a vector does. */
#include "arch.h"

enum { MACHINE_CHECK = 0x200, DATA_STORAGE = 0x300, EXTERNAL = 0x500, ALIGNMENT = 0x600, DECREMENTER = 0x900, DOORBELL = 0xa00 };

struct frame {
    ulong r[13], lr, ctr, xer, cr, srr0, srr1, vector, dar;
};

void taken(struct frame *frame) {
    switch (frame->vector) {
    case EXTERNAL: arch_interrupt(LINE_EXTERNAL); break;
    case DECREMENTER: arch_interrupt(LINE_TIMER); break;
    case DOORBELL: arch_interrupt(LINE_SOFTWARE); break;
    case MACHINE_CHECK:
    case DATA_STORAGE:
    case ALIGNMENT: frame->srr0 = arch_trap(frame->vector, frame->srr0, frame->dar); break;
    default: frame->srr0 = arch_trap(frame->vector, frame->srr0, ANY);
    }
}
