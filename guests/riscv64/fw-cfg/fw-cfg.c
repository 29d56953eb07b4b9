/* QEMU's firmware configuration device: its items and its directory, read byte by byte and by DMA. */
#include "board.h"
#include "check.h"
#include "console.h"

#define FW_CFG 0x10100000ul
#define FW_CFG_SELECT (FW_CFG + 8)
#define FW_CFG_DMA (FW_CFG + 16)

enum item { SIGNATURE, ID, CPUS = 5, DIRECTORY = 0x19, NOTHING = 0x3f };
enum control { FAILED = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };

static u32 big32(u32 value) { return __builtin_bswap32(value); }

struct descriptor {
    u32 control, length, address_high, address_low; /* big-endian */
};

static void select(u32 item) { *(volatile unsigned short *)FW_CFG_SELECT = (unsigned short)(item << 8 | item >> 8); }

static u32 take(u32 bytes) {
    u32 value = 0;
    while (bytes--) value = value << 8 | read8(FW_CFG);
    return value;
}

static u32 transfer(u32 control, void *target, u32 length) {
    static volatile struct descriptor descriptor;
    descriptor.control = big32(control);
    descriptor.length = big32(length);
    descriptor.address_high = 0;
    descriptor.address_low = big32((u32)(ulong)target);
    __asm__ volatile("fence" ::: "memory");
    write32(FW_CFG_DMA, 0);
    write32(FW_CFG_DMA + 4, big32((u32)(ulong)&descriptor));
    __asm__ volatile("fence" ::: "memory");
    return big32(descriptor.control);
}

static int same(const char *one, const char *other, u32 length) {
    while (length--)
        if (*one++ != *other++) return 0;
    return 1;
}

int main(void) {
    static char listed[4096], again[4096];
    select(SIGNATURE);
    check("the signature", take(4), 0x51454d55);
    check("and nothing after it", take(4), 0);
    select(ID);
    check("byte by byte and by DMA", take(4), 0x03000000);
    check("the DMA register says so", big32(read32(FW_CFG_DMA)), 0x51454d55);
    check("in both halves", big32(read32(FW_CFG_DMA + 4)), 0x20434647);
    select(CPUS);
    print("cpus %u\n", read8(FW_CFG));
    select(NOTHING);
    check("an item that nobody has is zero", take(4), 0);

    select(DIRECTORY);
    u32 count = take(4);
    print("files %u\n", count);
    for (u32 file = 0; file < count; file++) {
        u32 size = take(4), item = take(2);
        take(2);
        static char name[57];
        for (u32 at = 0; at < 56; at++) name[at] = (char)read8(FW_CFG);
        print("  0x%x, %u bytes: %s\n", item, size, name);
    }
    u32 size = 4 + 64 * count;
    if (size > sizeof listed) fail("the directory is too long");
    select(DIRECTORY);
    for (u32 at = 0; at < size; at++) listed[at] = (char)read8(FW_CFG);
    check("the directory by DMA", transfer(DIRECTORY << 16 | SELECT | READ, again, size), 0);
    check("is the same", (ulong)same(listed, again, size), 1);
    check("it begins anew and skips", transfer(DIRECTORY << 16 | SELECT | SKIP, 0, 4 + 8), 0);
    check("to the first name", transfer(READ, again, 16), 0);
    check("that was listed", (ulong)same(listed + 4 + 8, again, 16), 1);
    again[15] = 'x';
    check("what lies behind an item", transfer(SIGNATURE << 16 | SELECT | READ, again, 16), 0);
    check("is zero", (ulong)same(again, "QEMU\0\0\0\0\0\0\0\0\0\0\0", 16), 1);
    check("no item can be written", transfer(SIGNATURE << 16 | SELECT | WRITE, again, 4), FAILED);
    check("a transfer to nowhere fails", transfer(SIGNATURE << 16 | SELECT | READ, 0, 4), FAILED);
    return 0;
}
