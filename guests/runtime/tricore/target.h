/* What the shared sources need to know of TriCore; see portable/arch.h. */
#ifndef TARGET_H
#define TARGET_H

#define MMIO_BASE 0
#define HAS_INTERRUPTS 1
#define arch_idle() __asm__ volatile("nop") /* TriCore's wait is not in the engine */

#endif
