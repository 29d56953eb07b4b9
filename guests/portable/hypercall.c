/* Calls to the virtual machine monitor. Numbers: guests/README.md. */
#include "arch.h"
#include "check.h"

#define VERSION 0
#define ECHO 1
#define NOT_SUPPORTED ((ulong)-2)

int main(void) {
    check("version", arch_hypercall(VERSION, 7, 8), 0x10000);
    check("echo", arch_hypercall(ECHO, 0x12345678, 0x0f0f0f0f), 0x12345678 ^ 0x0f0f0f0f);
    check("echo of a whole register", arch_hypercall(ECHO, ~0ul, 1), ~1ul);
    check("an unknown number is not supported", arch_hypercall(0x7fff, 1, 2), NOT_SUPPORTED);
    ulong sum = 0;
    for (ulong i = 0; i < 1000; i++) sum += arch_hypercall(ECHO, i, 1);
    check("a thousand calls", sum, 999 * 1000 / 2);
    return 0;
}
