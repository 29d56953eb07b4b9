/* What the shared sources need to know of Arm; see portable/arch.h. */
#ifndef TARGET_H
#define TARGET_H

#define MMIO_BASE 0
#define HAS_INTERRUPTS 1
#if __ARM_ARCH >= 7 || __ARM_ARCH_PROFILE == 'M'
#define arch_idle() __asm__ volatile("wfi")
#else
#define arch_idle() __asm__ volatile("mcr p15, 0, %0, c7, c0, 4" ::"r"(0))
#endif

#endif
