/* Down to real mode and up again, then page faults in the mode that it came back to. */
#include "arch.h"
#include "check.h"
#include "console.h"
#include "trap.h"

#define PRESENT 1
#define WRITABLE 2
#define LARGE 0x80
#define ABSENT_PAGE 0x800000ul /* a large page each */
#define READ_ONLY_PAGE 0xc00000ul
#define SPARE 0x500000ul /* an address in a page that is there */

void down_and_up(u32 tables);
void touch(ulong address), store(ulong address), go(ulong address);
extern const char touch_end[], store_end[], go_end[];
extern u32 efer_below, efer_above, real_service, real_division, real_external, real_cs, real_sp;

static struct {
    ulong count, error, address, pc;
} fault;
static const char *resume;

static int on_fault(struct frame *frame) {
    if (frame->vector != 14) return 0;
    fault.count++;
    fault.error = frame->error;
    fault.pc = frame->pc;
    __asm__ volatile("mov %%cr2, %0" : "=r"(fault.address));
    if (frame->error & 16) { /* a fetch: the caller's address is on the stack of a handler of the same level */
#ifdef __x86_64__
        frame->sp += 8;
#endif
    }
    frame->pc = (ulong)resume;
    return 1;
}

static void check_fault(const char *what, void (*code)(ulong), const char *end, ulong address, ulong error) {
    fault.count = 0;
    resume = end;
    code(address);
    check(what, fault.count, 1);
    check("  its address", fault.address, address);
    check("  its error code", fault.error, error);
}

#ifdef __x86_64__
#define ENTRIES 512
static u64 top[ENTRIES] __attribute__((aligned(4096)));
static u64 middle[ENTRIES] __attribute__((aligned(4096)));
static u64 low[ENTRIES] __attribute__((aligned(4096)));
#define NO_EXECUTE (1ull << 63)
#define NO_EXECUTE_PAGE 0x600000ul

static ulong make_tables(void) {
    top[0] = (ulong)middle | PRESENT | WRITABLE;
    middle[0] = (ulong)low | PRESENT | WRITABLE;
    for (ulong i = 0; i < ENTRIES; i++) low[i] = i << 21 | PRESENT | WRITABLE | LARGE;
    low[ABSENT_PAGE >> 21] = 0;
    low[READ_ONLY_PAGE >> 21] &= ~(u64)WRITABLE;
    low[NO_EXECUTE_PAGE >> 21] |= NO_EXECUTE;
    return (ulong)top;
}

static u64 entry_of(ulong address) { return low[address >> 21]; }
#else
#define ENTRIES 1024
static u32 top[ENTRIES] __attribute__((aligned(4096)));

static ulong make_tables(void) {
    for (ulong i = 0; i < ENTRIES; i++) top[i] = i << 22 | PRESENT | WRITABLE | LARGE;
    top[ABSENT_PAGE >> 22] = 0;
    top[READ_ONLY_PAGE >> 22] &= ~(u32)WRITABLE;
    return (ulong)top;
}

static u32 entry_of(ulong address) { return top[address >> 22]; }
#endif

int main(void) {
    console_puts("going down\n");
    board_external(1); /* taken in real mode */
    down_and_up((u32)make_tables());
    console_puts("back again\n");
    check("real mode: the segment of its code", real_cs, 0);
    check("real mode: int through the table at 0", real_service, 12);
    check("real mode: a division error", real_division, 1);
    check("real mode: the external interrupt", real_external, 1);
    check("real mode: the stack is level", real_sp, 0x1000);
#ifdef __x86_64__
    check("below, EFER has neither LME nor LMA", efer_below & 0x500, 0);
    check("above, it has both", efer_above & 0x500, 0x500);
#endif
    on_vector = on_fault;
    *(volatile u32 *)SPARE = 0x1234;
    check("a page that was touched says so", entry_of(SPARE) >> 5 & 3, 3);
    check_fault("load of a page that is not there", touch, touch_end, ABSENT_PAGE + 0x123, 0);
    check_fault("store to a page that is not there", store, store_end, ABSENT_PAGE + 0x40, 2);
    check_fault("store to a page for reading", store, store_end, READ_ONLY_PAGE + 0x40, 3);
    touch(READ_ONLY_PAGE);
    check("a load of it", fault.count, 1);
#ifdef __x86_64__
    *(volatile u8 *)NO_EXECUTE_PAGE = 0xc3;
    check_fault("fetch from a page for data", go, go_end, NO_EXECUTE_PAGE, 17);
#endif
    console_puts("ok modes\n");
    return 0;
}
