/* Writes and reads whatever comes, in every width and at any alignment, in and around every window of the board. The
 * machine must neither stop nor stumble. `seed` decides what comes; whoever runs this may change it in memory. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "trap.h"

#ifndef ROUNDS
#define ROUNDS 20000
#endif

u64 seed = 0x9e3779b97f4a7c15ull;

/* `spared`: bytes from the start that are not written, since they end the run. */
struct window {
    ulong base, size, spared;
};

static const struct window windows[] = {
#ifdef BOARD_VIRT
    {0x1000, 0xf000, 0},          {0x100000, 0x1000, 4},       {0x101000, 0x1000, 0},        {0x2000000, 0x10000, 0},
    {0xc000000, 0x600000, 0},     {0x10000000, 0x100, 0},      {0x10001000, 0x1000, 0},      {0x10002000, 0x1000, 0},
    {0x10003000, 0x1000, 0},      {0x10004000, 0x1000, 0},     {0x10005000, 0x1000, 0},      {0x10006000, 0x1000, 0},
    {0x10007000, 0x1000, 0},      {0x10008000, 0x1000, 0},     {0x10100000, 0x18, 0},        {0x20000000, 0x2000000, 0},
    {0x22000000, 0x2000000, 0},   {BOARD_NOWHERE, 0x1000, 0},
#else
    {UART_DATA, 0x1000, 0},       {POWER_OFF, 0x1000, 8},      {TIMER_COUNT, 0x1000, 0},     {LATCH_EXTERNAL, 0x1000, 0},
    {BOARD_NOWHERE, 0x1000, 0},
#endif
};

static ulong next(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (ulong)(seed >> (64 - __riscv_xlen));
}

enum operation { LOAD8, LOAD16, LOAD32, LOAD_LONG, STORE8, STORE16, STORE32, STORE_LONG, ADD, SWAP, OPERATIONS };

static enum operation operation;
static ulong value;

static ulong access(ulong address) {
    ulong found = 0;
    switch (operation) {
    case LOAD8: __asm__ volatile("lbu %0, (%1)" : "=r"(found) : "r"(address)); break;
    case LOAD16: __asm__ volatile("lh %0, (%1)" : "=r"(found) : "r"(address)); break;
    case LOAD32: __asm__ volatile("lw %0, (%1)" : "=r"(found) : "r"(address)); break;
    case STORE8: __asm__ volatile("sb %0, (%1)" : : "r"(value), "r"(address)); break;
    case STORE16: __asm__ volatile("sh %0, (%1)" : : "r"(value), "r"(address)); break;
    case STORE32: __asm__ volatile("sw %0, (%1)" : : "r"(value), "r"(address)); break;
    case ADD: __asm__ volatile("amoadd.w %0, %1, (%2)" : "=&r"(found) : "r"(value), "r"(address)); break;
    case SWAP: __asm__ volatile("amoswap.w %0, %1, (%2)" : "=&r"(found) : "r"(value), "r"(address)); break;
#if __riscv_xlen == 64
    case LOAD_LONG: __asm__ volatile("ld %0, (%1)" : "=r"(found) : "r"(address)); break;
    case STORE_LONG: __asm__ volatile("sd %0, (%1)" : : "r"(value), "r"(address)); break;
#endif
    default: break;
    }
    return caught.count ? 0 : found;
}

static ulong somewhere(const struct window *window) {
    ulong random = next();
    switch (random & 7) {
    case 0: return window->base + window->size - 8 + (random >> 8) % 16; /* around the end */
    case 1: return window->base - 8 + (random >> 8) % 16;                /* around the start */
    case 2: return window->base + (random >> 8) % window->size;
    case 3: return window->base + (random >> 8) % window->size / 4096 * 4096 + next() % 16 * 4;
    default: return window->base + (random >> 8) % 64 * 4 % window->size; /* where the registers are */
    }
}

static int spared(ulong address) {
    for (u32 at = 0; at < COUNT(windows); at++) {
        const struct window *window = &windows[at];
        if (window->spared && address + 8 > window->base && address < window->base + window->spared) return 1;
    }
    return 0;
}

static void quiet(void) {
#ifdef BOARD_VIRT
    write8(0x10000003ul, 3); /* LCR: eight bits, and no divisor */
    write8(UART_IER, 0);
    write8(0x10000004ul, 0); /* MCR: no loopback */
    write8(UART_IIR, 7);     /* FCR: both FIFOs, emptied */
#endif
}

int main(void) {
    static const ulong telling[] = {0, 1, 2, 4, 0x0f, 0x55, 0x80, 0xff, 0x100, 0x20, 0xd0, 0xe8, 0x98, 0x4000, ~0ul};
    ulong faults = 0, sum = 0;
    print("nonsense for %s\n", BOARD_NAME);
    for (ulong round = 0; round < ROUNDS; round++) {
        const struct window *window = &windows[next() % COUNT(windows)];
        ulong address = somewhere(window);
        ulong random = next();
        operation = (enum operation)(random % OPERATIONS);
        if (operation >= STORE8 && spared(address)) operation = LOAD32;
        value = random & 1 << 20 ? telling[(random >> 24) % COUNT(telling)] : next();
        sum += probe(access, address) * (round | 1);
        faults += caught.count;
    }
    quiet();
    print("\n%lu accesses, %lu faults, sum 0x%lx\n", (ulong)ROUNDS, faults, sum);
    return 0;
}
