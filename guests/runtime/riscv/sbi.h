/* Calls to the firmware (RISC-V SBI specification 2.0). */
#ifndef SBI_H
#define SBI_H

#include "types.h"

#define SBI_BASE 0x10
#define SBI_TIME 0x54494d45
#define SBI_IPI 0x735049
#define SBI_RFENCE 0x52464e43
#define SBI_HSM 0x48534d
#define SBI_SRST 0x53525354
#define SBI_DBCN 0x4442434e
#define SBI_PMU 0x504d55

enum sbi_error {
    SBI_SUCCESS = 0,
    SBI_NOT_SUPPORTED = -2,
    SBI_INVALID_PARAM = -3,
    SBI_INVALID_ADDRESS = -5,
    SBI_ALREADY_AVAILABLE = -6,
    SBI_ALREADY_STARTED = -7,
    SBI_ALREADY_STOPPED = -8,
    SBI_NO_SHMEM = -9,
};

enum { SPEC_VERSION, IMPL_ID, IMPL_VERSION, PROBE, MVENDORID, MARCHID, MIMPID };
enum { FENCE_I, SFENCE_VMA, SFENCE_VMA_ASID, HFENCE_GVMA_VMID };
enum { HART_START, HART_STOP, HART_STATUS, HART_SUSPEND };
enum { STARTED, STOPPED, SUSPENDED = 4 };
enum { COUNTERS, COUNTER_INFO, COUNTER_CONFIGURE, COUNTER_START, COUNTER_STOP, COUNTER_READ, COUNTER_READ_HIGH };
enum { CONSOLE_WRITE, CONSOLE_READ, CONSOLE_WRITE_BYTE };
enum {
    LEGACY_SET_TIMER,
    LEGACY_PUTCHAR,
    LEGACY_GETCHAR,
    LEGACY_CLEAR_IPI,
    LEGACY_SEND_IPI,
    LEGACY_FENCE_I,
    LEGACY_SFENCE_VMA,
    LEGACY_SFENCE_VMA_ASID,
};

#define SUSPEND_RETENTIVE 0ul
#define SUSPEND_NON_RETENTIVE 0x80000000ul

struct sbi_result {
    long error, value;
};

static inline struct sbi_result sbi6(ulong extension, ulong function, ulong x, ulong y, ulong z, ulong u, ulong v,
                                     ulong w) {
    register ulong a0 __asm__("a0") = x;
    register ulong a1 __asm__("a1") = y;
    register ulong a2 __asm__("a2") = z;
    register ulong a3 __asm__("a3") = u;
    register ulong a4 __asm__("a4") = v;
    register ulong a5 __asm__("a5") = w;
    register ulong a6 __asm__("a6") = function;
    register ulong a7 __asm__("a7") = extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
                     : "memory");
    return (struct sbi_result){(long)a0, (long)a1};
}

static inline struct sbi_result sbi(ulong extension, ulong function, ulong x, ulong y, ulong z) {
    return sbi6(extension, function, x, y, z, 0, 0, 0);
}

#endif
