/* `bare` has the same RAM at 0 and at 0x80000000: data and code are one, whichever address is used. */
#include "check.h"
#include "console.h"
#include "types.h"

#define ALIAS(object) ((__typeof__(&*(object)))((ulong)(object) - 0x80000000ul))

static volatile u32 word;
static u32 code[2];

__attribute__((noinline)) static ulong where(void) {
    ulong pc;
    __asm__ volatile("auipc %0, 0" : "=r"(pc));
    return pc;
}

int main(void) {
    word = 0x11111111;
    check("a store at 0x80000000 is seen at 0", *ALIAS(&word), 0x11111111);
    *ALIAS(&word) = 0x22222222;
    check("a store at 0 is seen at 0x80000000", word, 0x22222222);
    check("code runs at 0x80000000", where() >> 31, 1);
    check("and at 0", ALIAS(where)() >> 31, 0);
    for (u32 i = 0; i < 100; i++) {
        ALIAS(code)[0] = 0x00000513u | i << 20; /* li a0, i */
        ALIAS(code)[1] = 0x00008067u;           /* ret */
        __asm__ volatile("fence.i" ::: "memory");
        if (((ulong(*)(void))code)() != i) fail("code written at 0 and run at 0x80000000 is stale");
    }
    check("code written at 0 runs at 0x80000000", ((ulong(*)(void))code)(), 99);
    return 0;
}
