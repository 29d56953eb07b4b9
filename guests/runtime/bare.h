/* The `bare` board: one register block for each device, 64 KiB apart. */
#ifndef BARE_H
#define BARE_H

#include "types.h"

#define BOARD_NAME "bare"
#define BOARD_RAM 0x80000000ul
#define BOARD_NOWHERE 0x08000000ul /* nothing answers here */

#define UART_DATA 0x10000000ul
#define UART_STATUS 0x10000004ul /* bit 0: a byte has come, bit 1: room to send */
#define UART_CONTROL 0x10000008ul /* bit 0: interrupt when a byte has come */
#define POWER_OFF 0x10010000ul
#define TIMER_COUNT 0x10020000ul /* 64 bits, ns */
#define TIMER_DELAY 0x10020008ul /* ns from now, 0 cancels */
#define TIMER_STATUS 0x10020010ul /* bit 0: fired, write 1 clears */
#define LATCH_EXTERNAL 0x10030000ul
#define LATCH_LINES 0x10030004ul
#define LATCH_SOFTWARE 0x10030100ul /* one word a hart */
#define BOARD_WORD LATCH_EXTERNAL    /* keeps what is written, 32 bits */

static inline int board_can_send(void) { return (read32(UART_STATUS) & 2) != 0; }
static inline void board_send(u8 byte) { write32(UART_DATA, byte); }
static inline int board_has_byte(void) { return (read32(UART_STATUS) & 1) != 0; }
static inline u8 board_take(void) { return (u8)read32(UART_DATA); }
static inline void board_receive_interrupt(int on) { write32(UART_CONTROL, on != 0); }

__attribute__((noreturn)) static inline void board_power_off(u32 code) {
    write32(POWER_OFF, code);
    for (;;) arch_idle();
}

static inline u64 board_now(void) { return read64(TIMER_COUNT); }
static inline void board_alarm(u32 ns) { write32(TIMER_DELAY, ns); }
static inline void board_quiet_alarm(void) {
    write32(TIMER_DELAY, 0);
    write32(TIMER_STATUS, 1);
}

static inline void board_software(ulong hart, int on) { write32(LATCH_SOFTWARE + 4 * hart, on != 0); }
static inline int board_software_pending(ulong hart) { return read32(LATCH_SOFTWARE + 4 * hart) & 1; }
static inline void board_external(int on) { write32(LATCH_EXTERNAL, on != 0); }

/* What an interrupt handler does first: find out which device called. Nothing to do on `bare`. */
static inline u32 board_claim(void) { return 0; }
static inline void board_complete(u32 claim) { (void)claim; }

#endif
