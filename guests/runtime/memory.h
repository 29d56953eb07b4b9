/* No board: a CPU and RAM from 0, as QEMU's machine `none`. What is sent stays in memory, with the exit code; who runs
 * the guest looks there. */
#ifndef MEMORY_H
#define MEMORY_H

#include "types.h"

#define BOARD_NAME "memory"
#define BOARD_NOWHERE 0x08000000ul /* with no more RAM than that */

#define ENDED 0x454e4400u /* and the exit code's low byte */
struct transcript {
    u32 ended, count;
    u8 bytes[16384];
};
__attribute__((weak)) volatile struct transcript transcript;

/* Plain memory in place of the registers. */
__attribute__((weak)) u32 board_registers[0x50];
#define BOARD_REGISTER(offset) ((ulong)board_registers + (offset) - MMIO_BASE)
#define LATCH_EXTERNAL BOARD_REGISTER(0)
#define LATCH_LINES BOARD_REGISTER(4)
#define LATCH_SOFTWARE BOARD_REGISTER(0x100)
#define TIMER_DELAY BOARD_REGISTER(0x10)
#define TIMER_STATUS BOARD_REGISTER(0x18)
#define UART_DATA BOARD_REGISTER(0x20)
#define UART_STATUS BOARD_REGISTER(0x24)
#define UART_CONTROL BOARD_REGISTER(0x28)
#define BOARD_WORD LATCH_EXTERNAL

static inline int board_can_send(void) { return 1; }
static inline void board_send(u8 byte) {
    u32 count = transcript.count;
    if (count < sizeof transcript.bytes) {
        transcript.bytes[count] = byte;
        transcript.count = count + 1;
    }
}
static inline int board_has_byte(void) { return 0; }
static inline u8 board_take(void) { return 0; }
static inline u64 board_now(void) { return 0; }
static inline void board_alarm(u32 ns) { (void)ns; }
static inline void board_quiet_alarm(void) {}
static inline void board_external(int on) { (void)on; }

__attribute__((noreturn)) static inline void board_power_off(u32 code) {
    transcript.ended = ENDED | (code & 0xff);
    for (;;) __asm__ volatile("");
}

#endif
