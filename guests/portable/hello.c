/* Prints a line and powers off with code 0. */
#include "board.h"
#include "console.h"

int main(void) {
    print("hello from %s on %s\n", ISA, BOARD_NAME);
    return 0;
}
