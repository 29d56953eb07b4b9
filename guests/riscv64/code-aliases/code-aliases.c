/* Code written through one page and executed through another, both of the same frame, with fence.i between: what a
 * kernel does that fills a frame which held another program's code, and a just-in-time compiler that never has a page
 * both writable and executable. MODE is that of the code that is executed; supervisor mode writes it. */
#include "check.h"
#include "console.h"
#include "table.h"
#include "trap.h"

#define LI_A0(value) (0x00000513u | (u32)(value) << 20)
#define LUI_A7 0x000058b7u  /* lui a7, 5 */
#define ADDI_A7 0xc5688893u /* addi a7, a7, LEAVE - 0x5000 */
#define ECALL 0x00000073u
#define WRITABLE 1ul
#define EXECUTABLE 2ul
#define ELSEWHERE 3ul
#define SECOND (PAGE / 2) /* offset of a second function */
#define VERSIONS 100u

static u32 frame[PAGE / 4] __attribute__((aligned(PAGE)));
static u32 stale;

static void write_function(ulong offset, ulong value) {
    volatile u32 *code = (volatile u32 *)(WINDOW + WRITABLE * PAGE + offset);
    code[0] = LI_A0(value);
    code[1] = LUI_A7;
    code[2] = ADDI_A7;
    code[3] = ECALL;
}

static ulong write_one(ulong value) {
    write_function(0, value);
    return 0;
}

static ulong write_two(ulong value) {
    write_function(0, value);
    write_function(SECOND, value);
    return 0;
}

/* The whole frame, as a kernel that reads a file into it, which then sees to its translations. */
static ulong fill(ulong value) {
    for (ulong offset = 0; offset < PAGE; offset += 16) write_function(offset, value);
    flush_all();
    return 0;
}

static void rewrite(ulong (*how)(ulong), ulong value) {
    enter(SUPERVISOR, how, value);
    __asm__ volatile("fence.i" ::: "memory");
}

static void run(ulong page, ulong offset, ulong expected) {
    stale += enter(MODE, (ulong(*)(ulong))(WINDOW + page * PAGE + offset), 0) != expected;
}

static void report(const char *what) {
    print("%s: %u runs of old code\n", what, stale);
    if (stale) fail(what);
    print("ok %s\n", what);
}

int main(void) {
    ulong user = MODE == USER ? PTE_U : 0;
    check("satp takes the mode", (ulong)table_open(), 1);
    table_set(WRITABLE, (ulong)frame, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
    table_set(EXECUTABLE, (ulong)frame, PTE_V | PTE_R | PTE_X | PTE_A | user);
    table_set(ELSEWHERE, (ulong)frame, PTE_V | PTE_R | PTE_X | PTE_A | user);
    for (u32 version = 0; version < VERSIONS; version++) {
        rewrite(fill, version);
        run(EXECUTABLE, 0, version);
        run(EXECUTABLE, SECOND, version);
    }
    report("a frame filled anew");
    for (u32 version = 0; version < VERSIONS; version++) {
        rewrite(write_one, version);
        run(EXECUTABLE, 0, version);
    }
    report("one function rewritten");
    for (u32 version = 0; version < VERSIONS; version++) {
        rewrite(write_two, version);
        run(version & 1 ? ELSEWHERE : EXECUTABLE, SECOND, version);
        run(version & 2 ? ELSEWHERE : EXECUTABLE, 0, version);
    }
    report("one frame executed at two places");
    return 0;
}
