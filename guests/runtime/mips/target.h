/* What the shared sources need to know of MIPS; see portable/arch.h. */
#ifndef TARGET_H
#define TARGET_H

/* kseg1: the lowest 512 MiB of physical memory, neither cached nor translated. */
#define MMIO_BASE ((unsigned long)(long)(int)0xa0000000)
#define HAS_INTERRUPTS 1
#define arch_idle() __asm__ volatile("wait")

#endif
