/* Prints a line and powers off with code 0. */
#include "board.h"
#include "console.h"

int main(void) {
    print("hello from riscv%d on %s\n", __riscv_xlen, BOARD_NAME);
    return 0;
}
