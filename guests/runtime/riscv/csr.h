/* Control and status registers by their manual names (RISC-V privileged specification 1.10, chapter 2). */
#ifndef CSR_H
#define CSR_H

#include "types.h"

#define csr_read(name) \
    ({ ulong value_; __asm__ volatile("csrr %0, " #name : "=r"(value_) : : "memory"); value_; })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" : : "rK"((ulong)(value)) : "memory")
#define csr_set(name, bits) __asm__ volatile("csrs " #name ", %0" : : "rK"((ulong)(bits)) : "memory")
#define csr_clear(name, bits) __asm__ volatile("csrc " #name ", %0" : : "rK"((ulong)(bits)) : "memory")

enum mode { USER = 0, SUPERVISOR = 1, MACHINE = 3 };

/* mstatus */
#define STATUS_SIE (1ul << 1)
#define STATUS_MIE (1ul << 3)
#define STATUS_SPIE (1ul << 5)
#define STATUS_MPIE (1ul << 7)
#define STATUS_SPP (1ul << 8)
#define STATUS_MPP (3ul << 11)
#define STATUS_MPP_SHIFT 11
#define STATUS_MPRV (1ul << 17)
#define STATUS_SUM (1ul << 18)
#define STATUS_MXR (1ul << 19)

/* mie, mip */
#define INTERRUPT_SSI (1ul << 1)
#define INTERRUPT_MSI (1ul << 3)
#define INTERRUPT_MTI (1ul << 7)
#define INTERRUPT_MEI (1ul << 11)

/* mcause (table 3.6) */
#define CAUSE_INTERRUPT (1ul << (__riscv_xlen - 1))
enum cause {
    FETCH_MISALIGNED,
    FETCH_ACCESS,
    ILLEGAL,
    BREAKPOINT,
    LOAD_MISALIGNED,
    LOAD_ACCESS,
    STORE_MISALIGNED,
    STORE_ACCESS,
    ECALL_U,
    ECALL_S,
    ECALL_M = 11,
    FETCH_PAGE,
    LOAD_PAGE,
    STORE_PAGE = 15,
};

#endif
