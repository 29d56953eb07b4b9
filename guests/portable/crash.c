/* Stores through a wild pointer, three calls deep, and no handler takes the trap: the machine must say where and why it
 * ended. */
#include "arch.h"
#include "console.h"

__attribute__((noinline)) static void third(ulong address) { write32(address, 1); }
__attribute__((noinline)) static u32 second(ulong address) {
    third(address);
    return 2;
}
__attribute__((noinline)) static u32 first(ulong address) { return second(address) + 1; }

int main(void) {
    arch_no_vector();
    console_puts("storing to nowhere\n");
    return (int)first(BOARD_NOWHERE);
}
