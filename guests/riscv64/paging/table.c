#include "table.h"

#include "csr.h"

#define ENTRIES (PAGE / sizeof(ulong))
#define ALL (PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define ENTRY(physical, bits) ((physical) >> 12 << 10 | (bits))
#define RAM 0x80000000ul

static ulong root[ENTRIES] __attribute__((aligned(PAGE)));
static ulong window[ENTRIES] __attribute__((aligned(PAGE)));

#if __riscv_xlen == 64
static ulong middle[ENTRIES] __attribute__((aligned(PAGE)));
static ulong upper[2][ENTRIES] __attribute__((aligned(PAGE)));

static void fill(void) {
    root[0] = ENTRY(0, PTE_V | (ALL & ~PTE_X));
    root[1] = ENTRY((ulong)middle, PTE_V);
    root[2] = ENTRY(RAM, PTE_V | ALL);
    middle[0] = ENTRY((ulong)window, PTE_V);
    middle[1] = ENTRY(RAM, PTE_V | ALL);
    middle[2] = ENTRY(RAM + PAGE, PTE_V | ALL);
}

static ulong satp(void) {
    ulong top = (ulong)root;
    for (ulong level = 3; level < LEVELS; level++) {
        upper[level - 3][0] = ENTRY(top, PTE_V);
        top = (ulong)upper[level - 3];
    }
    return (LEVELS + 5ul) << 60 | top >> 12;
}
#else
static void fill(void) {
    for (ulong i = 0; i < 256; i++) {
        root[i] = ENTRY(i * LARGE, PTE_V | (ALL & ~PTE_X));
        root[512 + i] = ENTRY(RAM + i * LARGE, PTE_V | ALL);
    }
    root[256] = ENTRY((ulong)window, PTE_V);
    root[257] = ENTRY(RAM, PTE_V | ALL);
    root[258] = ENTRY(RAM + PAGE, PTE_V | ALL);
}

static ulong satp(void) { return 1ul << 31 | (ulong)root >> 12; }
#endif

int table_open(void) {
    fill();
    flush_all();
    csr_write(satp, satp());
    flush_all();
    return csr_read(satp) == satp();
}

void table_close(void) {
    csr_write(satp, 0);
    flush_all();
}

void table_set(ulong number, ulong physical, ulong bits) {
    window[number] = ENTRY(physical, bits);
    flush(WINDOW + number * PAGE);
}

ulong table_get(ulong number) { return window[number]; }
