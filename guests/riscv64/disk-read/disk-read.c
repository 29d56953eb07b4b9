/* Reads a whole disk behind virtio, a request after the other, as Linux does: up to 1 MiB into pages here and there. */
#include "board.h"
#include "check.h"
#include "console.h"

#define WINDOW 0x10008000ul
#define SECTOR 512u
#define PAGE 4096u
#define PAGES 256u
#define SIZE 8u

enum reg {
    DEVICE = 0x8, WANTED = 0x20, WANTED_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_SIZE = 0x38, READY = 0x44, NOTIFY = 0x50,
    ACK = 0x64, STATUS = 0x70, DESCRIPTORS = 0x80, DRIVER = 0x90, DEVICE_AREA = 0xa0, CONFIG = 0x100,
};
enum flag { NEXT = 1, WRITE = 2, INDIRECT = 4 };

struct descriptor {
    u64 address;
    u32 length;
    unsigned short flags, next;
};
static struct descriptor table[SIZE] __attribute__((aligned(16))), request[PAGES + 2] __attribute__((aligned(16)));
static struct {
    volatile unsigned short flags, index, heads[SIZE], used_event;
} available __attribute__((aligned(2)));
static struct {
    volatile unsigned short flags, index;
    volatile struct { u32 head, length; } chains[SIZE];
    volatile unsigned short available_event;
} used __attribute__((aligned(4)));
static struct { u32 type, reserved; u64 sector; } header;
static u8 memory[PAGES * PAGE] __attribute__((aligned(4096)));
static volatile u8 answer;

static void set(u32 reg, u32 value) { write32(WINDOW + reg, value); }
static void set_address(u32 reg, volatile void *area) {
    set(reg, (u32)(ulong)area);
    set(reg + 4, (u32)((u64)(ulong)area >> 32));
}

static void start(void) {
    check("the device is a disk", read32(WINDOW + DEVICE), 2);
    set(STATUS, 0);
    set(STATUS, 3);
    set(WANTED_SEL, 0);
    set(WANTED, 1u << 28); /* indirect descriptors */
    set(WANTED_SEL, 1);
    set(WANTED, 1); /* version 1 */
    set(STATUS, 11);
    check("it takes what is wanted", read32(WINDOW + STATUS), 11);
    set(QUEUE_SEL, 0);
    set(QUEUE_SIZE, SIZE);
    set_address(DESCRIPTORS, table);
    set_address(DRIVER, &available);
    set_address(DEVICE_AREA, &used);
    set(READY, 1);
    set(STATUS, 15);
}

/* Page n of memory, such that no two that follow each other lie side by side. */
static u8 *page(u32 n) { return memory + (n * 7 % PAGES) * PAGE; }

static void read(u64 sector, u32 bytes) {
    u32 at = 1;
    header.sector = sector;
    request[0] = (struct descriptor){(u64)(ulong)&header, 16, NEXT, 1};
    for (u32 done = 0; done < bytes; done += PAGE, at++) {
        u32 length = bytes - done < PAGE ? bytes - done : PAGE;
        request[at] = (struct descriptor){(u64)(ulong)page(at - 1), length, NEXT | WRITE, (unsigned short)(at + 1)};
    }
    request[at] = (struct descriptor){(u64)(ulong)&answer, 1, WRITE, 0};
    table[0] = (struct descriptor){(u64)(ulong)request, (at + 1) * (u32)sizeof *request, INDIRECT, 0};
    available.heads[available.index % SIZE] = 0;
    __asm__ volatile("fence" ::: "memory");
    available.index = (unsigned short)(available.index + 1);
    __asm__ volatile("fence" ::: "memory");
    set(NOTIFY, 0);
    while (used.index != available.index) {}
    set(ACK, 1);
    if (answer) fail("a request");
}

int main(void) {
    start();
    u64 sectors = read32(WINDOW + CONFIG) | (u64)read32(WINDOW + CONFIG + 4) << 32, sum = 0;
    for (u64 sector = 0; sector < sectors; sector += PAGES * PAGE / SECTOR) {
        u64 left = (sectors - sector) * SECTOR;
        u32 bytes = left < PAGES * PAGE ? (u32)left : PAGES * PAGE;
        read(sector, bytes);
        for (u32 done = 0; done < bytes; done += SECTOR)
            sum = sum * 31 + *(volatile u32 *)(page(done / PAGE) + done % PAGE);
    }
    print("%lu sectors, sum %lx\n", (ulong)sectors, (ulong)sum);
    return 0;
}
