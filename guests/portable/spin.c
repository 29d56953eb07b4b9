/* Spins for ever. */
#include "console.h"

int main(void) {
    console_puts("spinning\n");
    for (volatile u32 turns = 0;; turns++) {
    }
}
