/* Reads a device register over and over: ROUNDS of them, each an exit that native code answers. The benchmark of one. */
#include "arch.h"

#ifndef ROUNDS
#define ROUNDS 1000
#endif

int main(void) {
    u32 ready = 0;
    for (u32 i = 0; i < ROUNDS; i++) ready |= read32(UART_STATUS);
    return ready & 2 ? 0 : 1;
}
