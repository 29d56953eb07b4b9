/* Calls to the firmware (RISC-V SBI specification 0.3). */
#ifndef SBI_H
#define SBI_H

#include "types.h"

#define SBI_BASE 0x10
#define SBI_TIME 0x54494d45
#define SBI_IPI 0x735049
#define SBI_HSM 0x48534d
#define SBI_SRST 0x53525354

#define HART_START 0
#define HART_STOP 1
#define HART_STATUS 2
#define STARTED 0
#define STOPPED 1

struct sbi_result {
    long error, value;
};

static inline struct sbi_result sbi(ulong extension, ulong function, ulong x, ulong y, ulong z) {
    register ulong a0 __asm__("a0") = x;
    register ulong a1 __asm__("a1") = y;
    register ulong a2 __asm__("a2") = z;
    register ulong a6 __asm__("a6") = function;
    register ulong a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){(long)a0, (long)a1};
}

#endif
