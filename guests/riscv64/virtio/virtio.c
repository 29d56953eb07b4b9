/* Virtio without an operating system: a disk and an entropy device behind the memory-mapped transport, version 2. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"

#define WINDOW(n) (0x10001000ul + 0x1000ul * (n)) /* interrupt n + 1 */
#define SIZE 8u
#define SECTOR 512u

enum reg {
    MAGIC = 0x0, VERSION = 0x4, DEVICE = 0x8, FEATURES = 0x10, FEATURES_SEL = 0x14, WANTED = 0x20, WANTED_SEL = 0x24,
    QUEUE_SEL = 0x30, QUEUE_MAX = 0x34, QUEUE_SIZE = 0x38, READY = 0x44, NOTIFY = 0x50, INTERRUPT = 0x60, ACK = 0x64,
    STATUS = 0x70, DESCRIPTORS = 0x80, DRIVER = 0x90, DEVICE_AREA = 0xa0, CONFIG = 0x100,
};
enum status { ACKNOWLEDGE = 1, HAVE_DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64 };
enum flag { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum request { IN, OUT, FLUSH = 4, GET_ID = 8 };
#define F_INDIRECT (1u << 28)
#define F_EVENT_IDX (1u << 29)
#define F_BLK_FLUSH (1u << 9)

struct descriptor {
    u64 address;
    u32 length;
    unsigned short flags, next;
};
struct available {
    volatile unsigned short flags, index, heads[SIZE], used_event;
};
struct used {
    volatile unsigned short flags, index;
    volatile struct { u32 head, length; } chains[SIZE];
    volatile unsigned short available_event;
};
static struct descriptor table[SIZE] __attribute__((aligned(16)));
static struct available available __attribute__((aligned(2)));
static struct used used __attribute__((aligned(4)));
static struct { u32 type, reserved; u64 sector; } header;
static u8 data[2 * SECTOR], answer;
static ulong window;

static void barrier(void) { __asm__ volatile("fence" ::: "memory"); }
static u32 get(u32 reg) { return read32(window + reg); }
static void set(u32 reg, u32 value) { write32(window + reg, value); }
static void set_address(u32 reg, volatile void *area) {
    set(reg, (u32)(ulong)area);
    set(reg + 4, (u32)((u64)(ulong)area >> 32));
}

/* Reset, negotiate these features of the first 32, set queue 0 up. */
static void start(u32 wanted) {
    set(STATUS, 0);
    while (get(STATUS)) {}
    set(STATUS, ACKNOWLEDGE);
    set(STATUS, ACKNOWLEDGE | HAVE_DRIVER);
    set(WANTED_SEL, 0);
    set(WANTED, wanted);
    set(WANTED_SEL, 1);
    set(WANTED, 1); /* VIRTIO_F_VERSION_1 */
    set(STATUS, ACKNOWLEDGE | HAVE_DRIVER | FEATURES_OK);
    check("features are accepted", get(STATUS), ACKNOWLEDGE | HAVE_DRIVER | FEATURES_OK);
    for (u32 byte = 0; byte < sizeof available; byte++) ((volatile u8 *)&available)[byte] = 0;
    for (u32 byte = 0; byte < sizeof used; byte++) ((volatile u8 *)&used)[byte] = 0;
    set(QUEUE_SEL, 0);
    set(QUEUE_SIZE, SIZE);
    set_address(DESCRIPTORS, table);
    set_address(DRIVER, &available);
    set_address(DEVICE_AREA, &used);
    set(READY, 1);
    set(STATUS, ACKNOWLEDGE | HAVE_DRIVER | FEATURES_OK | DRIVER_OK);
}

static struct descriptor describe(volatile void *memory, u32 length, u32 flags, u32 next) {
    return (struct descriptor){(u64)(ulong)memory, length, (unsigned short)flags, (unsigned short)next};
}

static void offer(u32 head) {
    available.heads[available.index % SIZE] = (unsigned short)head;
    barrier();
    available.index = (unsigned short)(available.index + 1);
    barrier();
    set(NOTIFY, 0);
}

/* Wait until everything offered has come back; the length of the last. */
static u32 finish(void) {
    while (used.index != available.index) {}
    barrier();
    return used.chains[(used.index - 1u) % SIZE].length;
}

static void describe_request(struct descriptor *at, u32 first, u32 type, u64 sector, u32 length) {
    header.type = type;
    header.reserved = 0;
    header.sector = sector;
    answer = 0xee;
    at[first] = describe(&header, 16, NEXT, first + 1);
    if (length) at[first + 1] = describe(data, length, NEXT | (type == OUT ? 0 : WRITE), first + 2);
    else at[first].next = (unsigned short)(first + 2);
    at[first + 2] = describe(&answer, 1, WRITE, 0);
}

static u32 request(u32 type, u64 sector, u32 length) {
    describe_request(table, 0, type, sector, length);
    offer(0);
    finish();
    return answer;
}

static void clear_data(void) {
    for (u32 at = 0; at < sizeof data; at++) data[at] = 0;
}

/* The first line of the text in `data`. */
static const char *line(void) {
    static char text[40];
    u32 at = 0;
    for (; at < sizeof text - 1 && data[at] != '\n'; at++) text[at] = (char)data[at];
    text[at] = 0;
    return text;
}

static void disk(void) {
    window = WINDOW(7);
    check("the first device is behind the highest window", get(DEVICE), 2);
    check("its transport is version 2", get(VERSION), 2);
    set(FEATURES_SEL, 1);
    check("it is a modern device without packed rings", get(FEATURES) & 5, 1);
    set(FEATURES_SEL, 0);
    check("it offers what is wanted", ~get(FEATURES) & (F_INDIRECT | F_EVENT_IDX | F_BLK_FLUSH), 0);
    start(F_BLK_FLUSH);
    check("a queue has room for 8 at least", get(QUEUE_MAX) >= SIZE, 1);
    check("sectors", get(CONFIG), 16);
    check("and no more of them", get(CONFIG + 4), 0);
    check("bytes of a block", get(CONFIG + 20), SECTOR);

    check("a sector is read", request(IN, 3, SECTOR), 0);
    print("  %s\n", line());
    check("two are read", request(IN, 14, 2 * SECTOR), 0);
    print("  %s\n", line());
    check("with their length and status used", finish(), 2 * SECTOR + 1);
    check("what lies beyond is an error", request(IN, 15, 2 * SECTOR), 1);
    check("so is half a sector", request(IN, 0, SECTOR / 2), 1);
    check("an unknown request is unsupported", request(77, 0, SECTOR), 2);
    for (u32 at = 0; at < SECTOR; at++) data[at] = (u8)("written\n"[at % 8]);
    check("a sector is written", request(OUT, 9, SECTOR), 0);
    check("and flushed", request(FLUSH, 0, 0), 0);
    clear_data();
    check("it is read again", request(IN, 9, SECTOR), 0);
    print("  %s\n", line());
    clear_data();
    check("the identity is 20 bytes", request(GET_ID, 0, 20), 0);
    print("  '%s'\n", line());

    u32 heads = available.index;
    describe_request(table, 0, IN, 1, SECTOR);
    available.heads[heads % SIZE] = 0;
    available.heads[(heads + 1) % SIZE] = 0;
    barrier();
    available.index = (unsigned short)(heads + 2);
    barrier();
    set(NOTIFY, 0);
    finish();
    check("two chains by one notification", used.index, heads + 2);
}

static void interrupts(void) {
    start(0);
    check("no interrupt waits", get(INTERRUPT), 0);
    write32(PLIC_PRIORITY + 4 * 8, 1);
    write32(PLIC_ENABLE, 1u << 8);
    write32(PLIC_THRESHOLD, 0);
    request(IN, 0, SECTOR);
    while (!(csr_read(mip) & INTERRUPT_MEI)) {}
    check("an answer interrupts", get(INTERRUPT), 1);
    check("as number 8", board_claim(), 8);
    set(ACK, 1);
    check("until it is acknowledged", get(INTERRUPT), 0);
    board_complete(8);
    check("and then no more", csr_read(mip) & INTERRUPT_MEI, 0);
    available.flags = 1;
    request(IN, 0, SECTOR);
    check("unless the driver wants none", get(INTERRUPT), 0);

    start(F_EVENT_IDX);
    available.used_event = 2;
    request(IN, 0, SECTOR);
    set(ACK, 1); /* QEMU interrupts for the first one in any case */
    request(IN, 0, SECTOR);
    check("the third answer is asked for, not the second", get(INTERRUPT), 0);
    request(IN, 0, SECTOR);
    while (!(csr_read(mip) & INTERRUPT_MEI)) {}
    check("it interrupts", get(INTERRUPT), 1);
    set(ACK, 1);
    check("the next notification is asked for", used.available_event, 3);
    board_complete(board_claim());
    write32(PLIC_ENABLE, 0);
}

static void indirect(void) {
    static struct descriptor inner[3] __attribute__((aligned(16)));
    start(F_INDIRECT);
    clear_data();
    describe_request(inner, 0, IN, 5, SECTOR);
    table[4] = describe(inner, sizeof inner, INDIRECT, 0);
    offer(4);
    finish();
    check("an indirect table is read", answer, 0);
    print("  %s\n", line());
}

static void broken(void) {
    start(0);
    table[0] = describe(data, 16, NEXT, 1);
    table[1] = describe(data, 16, NEXT, 0);
    offer(0);
    while (!(get(STATUS) & NEEDS_RESET)) {}
    check("a loop needs a reset", get(STATUS) & NEEDS_RESET, NEEDS_RESET);
    check("and says so", get(INTERRUPT) & 2, 2);
    check("nothing was used", used.index, 0);
    start(F_BLK_FLUSH);
    table[0] = describe((volatile void *)BOARD_NOWHERE, 16, 0, 0);
    offer(0);
    while (!(get(STATUS) & NEEDS_RESET)) {}
    check("so does a pointer to nowhere", get(STATUS) & NEEDS_RESET, NEEDS_RESET);
    start(F_BLK_FLUSH);
    check("and then it works again", request(IN, 0, SECTOR), 0);
    print("  %s\n", line());
    set(STATUS, 0);
}

static void entropy(void) {
    window = WINDOW(6);
    check("the second device is behind the window below", get(DEVICE), 4);
    start(0);
    clear_data();
    table[0] = describe(data, 24, WRITE, 1);
    offer(0);
    u32 length = finish(), sum = 0;
    check("it gives at least a byte and no more than there is room for", length >= 1 && length <= 24, 1);
    for (u32 at = 0; at < sizeof data; at++) {
        sum += data[at];
        if (at >= length && data[at]) fail("a byte beyond the length");
    }
    check("that is not zero", sum != 0 || length < 4, 1);
    set(STATUS, 0);
}

int main(void) {
    for (u32 number = 0; number < 8; number++) {
        window = WINDOW(number);
        check("a window begins with the magic word", get(MAGIC), 0x74726976);
        if (number < 6) check("and has no device", get(DEVICE), 0);
    }
    disk();
    interrupts();
    indirect();
    broken();
    entropy();
    return 0;
}
