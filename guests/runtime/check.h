/* Self-checking: print what was checked, and power off with code 1 at the first difference. */
#ifndef CHECK_H
#define CHECK_H

#include "types.h"

void check(const char *what, ulong actual, ulong expected);
/* Power off; 0 passes. start.S calls it with main's result. */
__attribute__((noreturn)) void exit(int code);
__attribute__((noreturn)) void fail(const char *what);

#endif
