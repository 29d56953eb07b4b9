/* Stage 1 translation as DDI 0487 chapter D8 has it: three levels of 4 KiB tables, 39 bits of address a half. */
#include "arch.h"
#include "check.h"
#include "console.h"
#include "events.h"

#define VALID 1ul
#define TABLE 3ul
#define PAGE 3ul
#define USER (1ul << 6)
#define READ_ONLY (1ul << 7)
#define INNER (3ul << 8)
#define ACCESSED (1ul << 10)
#define PXN (1ul << 53)
#define UXN (1ul << 54)
#define PLAIN (INNER | ACCESSED)

#define GIB (1ul << 30)
#define MIB2 (1ul << 21)
#define LOW GIB                        /* the first table of pages begins here */
#define HIGH (~0ul << 39)              /* and the other half */
#define READ 0u
#define WRITE 1u
#define FETCH 2u
#define AT_EL0 4u

enum status { TRANSLATION = 0x04, ACCESS_FLAG = 0x08, PERMISSION = 0x0c, EXTERNAL = 0x10 };

ulong access(u32 kind, ulong address, ulong user_code);
extern const char access_resume[], access_done[], access_user[], access_user_end[];

static u64 root[512] __attribute__((aligned(4096)));
static u64 high_root[512] __attribute__((aligned(4096)));
static u64 middle[512] __attribute__((aligned(4096)));
static u64 pages[512] __attribute__((aligned(4096)));
static u64 data[1024] __attribute__((aligned(4096)));
static u32 code[1024] __attribute__((aligned(4096)));
static u32 user[1024] __attribute__((aligned(4096)));

#define SVC 0x15
#define USER_CODE (LOW + 0x1ff000)

static struct arch_probe probe = {"an access", 0, 0, access_resume, 0, 0};

static void barrier(void) { __asm__ volatile("dsb sy\n tlbi vmalle1\n dsb sy\n isb" ::: "memory"); }

static void map(ulong index, ulong entry) {
    pages[index] = entry;
    barrier();
}

static ulong syndrome(void) {
    ulong value;
    __asm__ volatile("mrs %0, esr_el1" : "=r"(value));
    return value;
}

static ulong try(u32 kind, ulong address) {
    trap_seen.count = 0;
    probe.resume = kind & AT_EL0 ? access_done : access_resume;
    trap_expected = &probe;
    ulong result = access(kind, address, USER_CODE);
    trap_expected = 0;
    return result;
}

static void compare(const char *what, const char *part, ulong actual, ulong expected) {
    if (actual == expected) return;
    print("FAIL %s: %s: expected 0x%lx, got 0x%lx\n", what, part, expected, actual);
    exit(1);
}

static void works(const char *what, u32 kind, ulong address, ulong value) {
    ulong result = try(kind, address);
    if (kind & AT_EL0)
        compare(what, "vector", trap_seen.vector, SVC);
    else
        compare(what, "faults", trap_seen.count, 0);
    if ((kind & 3) == READ) compare(what, "value", result, value);
    print("ok %s\n", what);
}

static void faults(const char *what, u32 kind, ulong address, enum status status, ulong level) {
    ulong vector = (kind & 3) == FETCH ? 0x20 : 0x24, expected = status | level;
    if (status == EXTERNAL) expected = EXTERNAL;
    try(kind, address);
    compare(what, "faults", trap_seen.count, 1);
    compare(what, "vector", trap_seen.vector, kind & AT_EL0 ? vector : vector + 1);
    compare(what, "address", trap_seen.address, address);
    compare(what, "status", syndrome() & 0x3f, expected);
    if ((kind & 3) != FETCH) compare(what, "write", syndrome() >> 6 & 1, (kind & 3) == WRITE);
    print("ok %s\n", what);
}

static ulong translated(ulong address) {
    ulong value;
    __asm__ volatile("at s1e1r, %1\n isb\n mrs %0, par_el1" : "=r"(value) : "r"(address));
    return value;
}

static void switch_on(void) {
    root[0] = VALID | PLAIN | UXN; /* 1 GiB where it is: RAM and devices */
    root[1] = (ulong)middle | TABLE;
    high_root[0] = (ulong)middle | TABLE;
    middle[0] = (ulong)pages | TABLE;
    middle[1] = VALID | PLAIN | UXN | PXN;
    for (ulong i = 0; access_user + 4 * i < access_user_end; i++) user[i] = ((const u32 *)access_user)[i];
    pages[511] = (ulong)user | PAGE | PLAIN | USER | READ_ONLY | PXN;
    code[0] = 0xd65f03c0; /* ret */
    code[512] = 0xd4000001; /* svc #0 */
    __asm__ volatile("msr ttbr0_el1, %0\n msr ttbr1_el1, %1\n msr tcr_el1, %2\n msr mair_el1, %3\n isb\n"
                     "mrs %0, sctlr_el1\n orr %0, %0, #1\n msr sctlr_el1, %0\n isb"
                     :
                     : "r"((ulong)root), "r"((ulong)high_root), "r"(2ul << 30 | 25ul << 16 | 25ul), "r"(0xfful)
                     : "memory");
}

int main(void) {
    switch_on();
    console_puts("translation is on\n");
    data[0] = 0x1234567890abcdefull;
    map(0, (ulong)data | PAGE | PLAIN);
    map(1, (ulong)data | PAGE | PLAIN | READ_ONLY);
    map(2, (ulong)data | PAGE | INNER);
    map(3, (ulong)data | PAGE | PLAIN | USER);
    map(4, (ulong)data | PAGE | PLAIN | USER | READ_ONLY);
    map(5, (ulong)code | PAGE | PLAIN | READ_ONLY);
    map(6, (ulong)code | PAGE | PLAIN | PXN | UXN);
    map(7, (ulong)code | PAGE | PLAIN | USER | READ_ONLY | PXN);
    map(8, BOARD_NOWHERE | PAGE | PLAIN);

    works("a page is read", READ, LOW, data[0]);
    works("the upper half too", READ, HIGH, data[0]);
    works("a page is written", WRITE, LOW + 8, 0);
    check("where it is mapped", data[1], LOW + 8);
    works("a block of 2 MiB is read", READ, LOW + MIB2 + (ulong)data, data[0]);
    check("AT finds a page", translated(LOW + 0x10) & 0xfffffffff000, (ulong)data);
    faults("level 1", READ, 2 * GIB, TRANSLATION, 1);
    faults("level 2", WRITE, LOW + 2 * MIB2, TRANSLATION, 2);
    faults("level 3", READ, LOW + 0x9000, TRANSLATION, 3);
    faults("outside both halves", READ, 1ul << 40, TRANSLATION, 0);
    faults("the access flag", READ, LOW + 0x2000, ACCESS_FLAG, 3);
    check("AT finds the same", translated(LOW + 0x2000) & 0x7f, ((ACCESS_FLAG | 3) << 1) | 1);
    faults("a write to what is read only", WRITE, LOW + 0x1008, PERMISSION, 3);
    faults("a fetch of what is data", FETCH, LOW + MIB2, PERMISSION, 2);
    works("code is fetched", FETCH, LOW + 0x5000, 0);
    faults("a fetch, never allowed", FETCH, LOW + 0x6000, PERMISSION, 3);
    faults("a fetch of what EL0 may write", FETCH, LOW + 0x3000, PERMISSION, 3);
    works("EL0 reads", AT_EL0 | READ, LOW + 0x3000, data[0]);
    works("EL0 writes", AT_EL0 | WRITE, LOW + 0x3010, 0);
    check("where it is mapped", data[2], LOW + 0x3010);
    works("EL0 reads what is read only", AT_EL0 | READ, LOW + 0x4000, data[0]);
    faults("EL0 writes what is read only", AT_EL0 | WRITE, LOW + 0x4000, PERMISSION, 3);
    faults("EL0 reads what is EL1's", AT_EL0 | READ, LOW, PERMISSION, 3);
    works("EL0 fetches", AT_EL0 | FETCH, LOW + 0x7800, 0);
    faults("EL0 fetches, never allowed", AT_EL0 | FETCH, LOW + 0x6000, PERMISSION, 3);
    faults("EL0 fetches, level 2", AT_EL0 | FETCH, LOW + 2 * MIB2, TRANSLATION, 2);
    faults("no memory behind a page", READ, LOW + 0x8010, EXTERNAL, 0);
    faults("nor for a write", WRITE, LOW + 0x8010, EXTERNAL, 0);
    map(0, 0);
    faults("a page that is gone", READ, LOW, TRANSLATION, 3);
    write32(LATCH_EXTERNAL, 0);
    check("devices answer through a block", read32(LATCH_EXTERNAL), 0);
    console_puts("ok paging\n");
    return 0;
}
