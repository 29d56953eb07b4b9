/* What the shared sources need to know of SPARC; see portable/arch.h. */
#ifndef TARGET_H
#define TARGET_H

#define MMIO_BASE 0
#define HAS_INTERRUPTS 1
#ifdef __arch64__
#define arch_idle() ((void)0) /* V9 has no halt */
#else
#define arch_idle() __asm__ volatile("wr %g0, %asr19") /* a LEON's power-down */
#endif

#endif
