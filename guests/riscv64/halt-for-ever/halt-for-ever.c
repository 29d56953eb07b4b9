/* Sleeps with every interrupt disabled: nothing can ever wake it. */
#include "console.h"
#include "csr.h"

int main(void) {
    console_puts("good night\n");
    csr_write(mie, 0);
    for (;;) __asm__ volatile("wfi");
}
