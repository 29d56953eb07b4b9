/* What the shared sources need to know of z/Architecture; see portable/arch.h. */
#ifndef TARGET_H
#define TARGET_H

#define MMIO_BASE 0
#define HAS_INTERRUPTS 1

void arch_wait_for_ever(void); /* in vectors.S */
#define arch_idle() arch_wait_for_ever()

#endif
