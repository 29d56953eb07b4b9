/* The serial line. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "types.h"

void console_put(char byte);
void console_puts(const char *text);
/* The next received byte; waits for it. */
char console_take(void);

/* %c %s %d %u %x, and with l one register wide; %% */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

#endif
