/* Ends with exit code 7. */
#include "console.h"

int main(void) {
    console_puts("leaving with code 7\n");
    return 7;
}
