/* Code that writes code: after fence.i the new instructions run, every time, also when they are in the page of the
 * writer, and when an instruction changes its length. */
#include "check.h"
#include "console.h"
#include "types.h"

#define LI_A0(value) (0x00000513u | (u32)(value) << 20)
#define C_LI_A0(value) ((u16)(0x4501 | ((value) & 31) << 2))
#define C_RET 0x8082
#define RET 0x00008067u

static u32 buffer[4];

static inline void synchronise(void) { __asm__ volatile("fence.i" ::: "memory"); }

static ulong run(void *code) { return ((ulong(*)(void))code)(); }

extern u32 patched[];
__asm__(".section .text.patched, \"ax\"\n"
        ".option push\n.option norvc\n"
        ".balign 4\n"
        "patched: li a0, 1\n"
        "ret\n"
        ".option pop\n");

/* Patches the instruction that follows the fence.i, so that the writer runs into what it wrote. */
static ulong patch_ahead(u32 instruction) {
    register ulong a0 __asm__("a0") = instruction;
    __asm__ volatile(".option push\n.option norvc\n"
                     "la t0, 1f\n"
                     "sw a0, (t0)\n"
                     "fence.i\n"
                     ".balign 4\n"
                     "1: li a0, 0\n"
                     ".option pop\n"
                     : "+r"(a0)
                     :
                     : "t0", "memory");
    return a0;
}

int main(void) {
    buffer[1] = RET;
    ulong sum = 0;
    for (u32 i = 0; i < 1000; i++) {
        buffer[0] = LI_A0(i);
        synchronise();
        sum += run(buffer);
    }
    check("a thousand versions of one function", sum, 999 * 1000 / 2);

    check("code as it was linked", run(patched), 1);
    patched[0] = LI_A0(42);
    synchronise();
    check("code in the writer's own segment", run(patched), 42);

    sum = 0;
    for (u32 i = 0; i < 16; i++) {
        ((volatile u16 *)buffer)[0] = C_LI_A0(i);
        ((volatile u16 *)buffer)[1] = C_RET;
        synchronise();
        sum += run(buffer);
        buffer[0] = LI_A0(100);
        synchronise();
        sum += run(buffer);
    }
    check("short and long instructions in turn", sum, 15 * 16 / 2 + 1600);

    sum = 0;
    for (u32 i = 0; i < 10; i++) sum += patch_ahead(LI_A0(i));
    check("the instruction right behind the fence", sum, 45);
    return 0;
}
