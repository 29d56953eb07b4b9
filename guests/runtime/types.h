/* Fixed-width names, the register width, and device access. */
#ifndef TYPES_H
#define TYPES_H

#include "target.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned long ulong; /* one register: 64 or 32 bits */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where a device's physical address is for a load or store. MMIO_BASE is the ISA's: 0, or an unmapped segment's. */
#define DEVICE(address) ((ulong)(address) + MMIO_BASE)

static inline u8 read8(ulong address) { return *(volatile u8 *)DEVICE(address); }
static inline u16 read16(ulong address) { return *(volatile u16 *)DEVICE(address); }
static inline u32 read32(ulong address) { return *(volatile u32 *)DEVICE(address); }
static inline void write8(ulong address, u8 value) { *(volatile u8 *)DEVICE(address) = value; }
static inline void write16(ulong address, u16 value) { *(volatile u16 *)DEVICE(address) = value; }
static inline void write32(ulong address, u32 value) { *(volatile u32 *)DEVICE(address) = value; }

/* A 64-bit counter read by halves, so that every ISA sees one moment: again until the upper half stood still. */
static inline u64 read64(ulong address) {
    u32 high, low;
    do {
        high = read32(address + 4);
        low = read32(address);
    } while (read32(address + 4) != high);
    return (u64)high << 32 | low;
}

#endif
