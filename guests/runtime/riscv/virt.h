/* The `virt` board, QEMU's layout: 16550A, SiFive test finisher, CLINT and PLIC. */
#ifndef VIRT_H
#define VIRT_H

#include "types.h"

#define BOARD_NAME "virt"
#define BOARD_RAM 0x80000000ul
#define BOARD_NOWHERE 0x08000000ul /* between the platform bus and the PLIC */

#define UART_DATA 0x10000000ul
#define UART_IER 0x10000001ul /* bit 0: byte received, bit 1: transmitter empty */
#define UART_IIR 0x10000002ul
#define UART_LSR 0x10000005ul /* bit 0: a byte has come, bit 5: room to send */
#define UART_SCR 0x10000007ul
#define UART_IRQ 10ul
#define TEST_FINISHER 0x100000ul
#define CLINT_MSIP 0x2000000ul
#define CLINT_MTIMECMP 0x2004000ul
#define CLINT_MTIME 0x200bff8ul
#define BOARD_WORD CLINT_MTIMECMP /* keeps what is written, 32 bits */
#define NS_PER_TICK 100 /* mtime runs at 10 MHz */
#define PLIC_PRIORITY 0xc000000ul
#define PLIC_ENABLE 0xc002000ul /* context 0: hart 0, M mode */
#define PLIC_THRESHOLD 0xc200000ul
#define PLIC_CLAIM 0xc200004ul

static inline int board_can_send(void) { return (read8(UART_LSR) & 0x20) != 0; }
static inline void board_send(u8 byte) { write8(UART_DATA, byte); }
static inline int board_has_byte(void) { return (read8(UART_LSR) & 1) != 0; }
static inline u8 board_take(void) { return read8(UART_DATA); }

static inline void board_route_uart(void) {
    write32(PLIC_PRIORITY + 4 * UART_IRQ, 1);
    write32(PLIC_ENABLE, 1u << UART_IRQ);
    write32(PLIC_THRESHOLD, 0);
}

static inline void board_receive_interrupt(int on) {
    board_route_uart();
    write8(UART_IER, on ? 1 : 0);
}

__attribute__((noreturn)) static inline void board_power_off(u32 code) {
    write32(TEST_FINISHER, code == 0 ? 0x5555 : code << 16 | 0x3333);
    for (;;) __asm__ volatile("wfi");
}

static inline u64 board_now(void) { return read64(CLINT_MTIME) * NS_PER_TICK; }
static inline void board_set_mtimecmp(u64 tick) {
    write32(CLINT_MTIMECMP + 4, ~0u); /* no moment at which the halves make an early alarm */
    write32(CLINT_MTIMECMP, (u32)tick);
    write32(CLINT_MTIMECMP + 4, (u32)(tick >> 32));
}
static inline void board_alarm(u32 ns) { board_set_mtimecmp(read64(CLINT_MTIME) + ns / NS_PER_TICK); }
static inline void board_quiet_alarm(void) { board_set_mtimecmp(~0ull); }

static inline void board_software(ulong hart, int on) { write32(CLINT_MSIP + 4 * hart, on != 0); }
static inline int board_software_pending(ulong hart) { return read32(CLINT_MSIP + 4 * hart) & 1; }
static inline void board_external(int on) {
    board_route_uart();
    write8(UART_IER, on ? 2 : 0); /* the transmitter is empty: an interrupt at once */
}

static inline u32 board_claim(void) { return read32(PLIC_CLAIM); }
static inline void board_complete(u32 claim) { write32(PLIC_CLAIM, claim); }

#endif
