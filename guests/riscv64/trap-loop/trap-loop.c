/* The trap vector is an illegal instruction: the first trap never ends. */
#include "console.h"
#include "csr.h"

extern u8 bad_vector[];
__asm__(".section .text.bad_vector, \"ax\"\n"
        ".balign 4\n"
        ".globl bad_vector\n"
        ".type bad_vector, @function\n"
        "bad_vector: .word 0xffffffff\n"
        ".size bad_vector, 4\n");

int main(void) {
    csr_write(mtvec, bad_vector);
    console_puts("into the trap\n");
    __asm__ volatile("ebreak");
    return 0;
}
