/* Sends 1 MiB to the serial port as fast as it can, in lines of 64 bytes. */
#include "board.h"
#include "console.h"

#define LINES 16384
#define COLUMNS 64

int main(void) {
    for (u32 line = 0; line < LINES; line++) {
        for (u32 column = 0; column < COLUMNS - 1; column++) board_send('0' + (line + column) % 10);
        board_send('\n');
    }
    print("sent %u bytes\n", LINES * COLUMNS);
    return 0;
}
