/* Programs at privilege level 3. */
#ifndef USER_H
#define USER_H

#include "types.h"

/* Call code() at level 3, with that IOPL; it comes back by INT 0x2e. Its stack is one of its own. */
void in_user(void (*code)(void), ulong iopl);
/* The port's bit in the task's bitmap. */
void port_allowed(u32 port, int allowed);

#endif
