/* The board a guest is built for: BOARD_BARE or BOARD_VIRT, set by build.py from the manifest's machine. */
#ifndef BOARD_H
#define BOARD_H

#if defined(BOARD_BARE)
#include "bare.h"
#elif defined(BOARD_VIRT)
#include "virt.h"
#else
#error "build.py sets BOARD_BARE or BOARD_VIRT"
#endif

#endif
