/* Assembly for both register widths. */
#ifndef WIDTH_H
#define WIDTH_H

#if __riscv_xlen == 64
#define REG 8
#define LOAD ld
#define STORE sd
#define WORD .dword
#else
#define REG 4
#define LOAD lw
#define STORE sw
#define WORD .word
#endif

#define MAX_HARTS 8
#define STACK_SHIFT 12     /* 4 KiB a hart */
#define TRAP_STACK_SHIFT 11 /* 2 KiB a hart */

/* ecall with this a7 from S or U mode ends enter() */
#define LEAVE 0x4c56

#endif
