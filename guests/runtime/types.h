/* Fixed-width names, the register width, and device access. */
#ifndef TYPES_H
#define TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned long ulong; /* one register: 64 bits on riscv64, 32 on riscv32 */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline u8 read8(ulong address) { return *(volatile u8 *)address; }
static inline u32 read32(ulong address) { return *(volatile u32 *)address; }
static inline void write8(ulong address, u8 value) { *(volatile u8 *)address = value; }
static inline void write32(ulong address, u32 value) { *(volatile u32 *)address = value; }

/* A 64-bit counter read by halves, so that riscv32 sees one moment: again until the upper half stood still. */
static inline u64 read64(ulong address) {
    u32 high, low;
    do {
        high = read32(address + 4);
        low = read32(address);
    } while (read32(address + 4) != high);
    return (u64)high << 32 | low;
}

#endif
