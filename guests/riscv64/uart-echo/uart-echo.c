/* Reads a line from the serial port, asleep between the bytes, and prints it again. Ends at a newline or EOT (Ctrl-D). */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"

#define EOT 4

static char receive(void) {
    while (!board_has_byte()) {
        __asm__ volatile("wfi"); /* mstatus.MIE is off: the interrupt wakes, and is not taken */
        board_complete(board_claim());
    }
    return (char)board_take();
}

int main(void) {
    char line[80];
    u32 length = 0;
    console_puts("type a line: ");
    csr_set(mie, INTERRUPT_MEI);
    board_receive_interrupt(1);
    for (;;) {
        char byte = receive();
        if (byte == '\n' || byte == '\r' || byte == EOT) break;
        if (length < sizeof line - 1) line[length++] = byte;
    }
    line[length] = 0;
    print("\nyou typed %u bytes: %s\n", length, line);
    return 0;
}
