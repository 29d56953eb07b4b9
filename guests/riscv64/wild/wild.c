/* Stores through a wild pointer, three calls deep, with no trap vector: the machine must say where and why it ended. */
#include "board.h"
#include "console.h"
#include "csr.h"

__attribute__((noinline)) static void third(volatile u32 *pointer) { *pointer = 1; }
__attribute__((noinline)) static u32 second(ulong address) {
    third((volatile u32 *)address);
    return 2;
}
__attribute__((noinline)) static u32 first(ulong address) { return second(address) + 1; }

int main(void) {
    csr_write(mtvec, 0);
    console_puts("storing to nowhere\n");
    return (int)first(BOARD_NOWHERE);
}
