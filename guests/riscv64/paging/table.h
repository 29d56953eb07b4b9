/* Page tables: RAM and devices as they are, for S mode, and a window of small pages to play with. */
#ifndef TABLE_H
#define TABLE_H

#include "types.h"

#ifndef LEVELS
#if __riscv_xlen == 64
#define LEVELS 3
#else
#define LEVELS 2
#endif
#endif

/* Page table entry bits (section 4.3.1) */
#define PTE_V 1ul
#define PTE_R 2ul
#define PTE_W 4ul
#define PTE_X 8ul
#define PTE_U 16ul
#define PTE_G 32ul
#define PTE_A 64ul
#define PTE_D 128ul

#define PAGE 4096ul
#define WINDOW 0x40000000ul /* pages of the window are given by their number */
#if __riscv_xlen == 64
#define LARGE (2ul << 20)
#else
#define LARGE (4ul << 20)
#endif
#define LARGE_WINDOW (WINDOW + LARGE)        /* one large page */
#define CROOKED_WINDOW (WINDOW + 2 * LARGE)  /* a large page whose physical address is not a multiple of its size */

static inline void flush(ulong address) { __asm__ volatile("sfence.vma %0, zero" : : "r"(address) : "memory"); }
static inline void flush_all(void) { __asm__ volatile("sfence.vma" ::: "memory"); }

/* Fill the tables and write satp; the window is empty. Whether satp took the mode. */
int table_open(void);
/* Back to bare translation. */
void table_close(void);
/* Write the entry of page `number` of the window, and flush it. Bits as given, V included; 0 unmaps. */
void table_set(ulong number, ulong physical, ulong bits);
ulong table_get(ulong number);

#endif
