/* What the shared sources need to know of PowerPC; see portable/arch.h. */
#ifndef TARGET_H
#define TARGET_H

#define MMIO_BASE 0
#define HAS_INTERRUPTS 1

#ifdef __powerpc64__
#define arch_idle() __asm__ volatile(".long 0x7c00003c") /* wait */
#else
#define arch_idle() __asm__ volatile("")
#endif

#endif
