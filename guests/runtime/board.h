/* The board a guest is built for: BOARD_BARE, BOARD_VIRT or BOARD_MEMORY, set by build.py from the manifest's machine. */
#ifndef BOARD_H
#define BOARD_H

#if defined(BOARD_BARE)
#include "bare.h"
#elif defined(BOARD_VIRT)
#include "virt.h"
#elif defined(BOARD_MEMORY)
#include "memory.h"
#else
#error "build.py sets the board"
#endif

#endif
