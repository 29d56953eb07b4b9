/* Jumps to an address that nothing backs, with no trap vector. */
#include "board.h"
#include "console.h"
#include "csr.h"

int main(void) {
    csr_write(mtvec, 0);
    console_puts("jumping to nowhere\n");
    ((void (*)(void))BOARD_NOWHERE)();
    return 0;
}
