/* Port instructions: what each puts where, which of them a program may use, and the way out through port 0xf4. */
#include "arch.h"
#include "check.h"
#include "console.h"
#include "trap.h"
#include "user.h"

#define COM1 0x3f8
#define LINE_STATUS (COM1 + 5)
#define SCRATCH (COM1 + 7)
#define NOBODY 0x80
#define EXIT 0xf4

static void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

#define IN(text, before)                                                                \
    ({                                                                                  \
        ulong result = (before);                                                        \
        __asm__ volatile(text : "+a"(result) : "d"((u16)SCRATCH) : "memory");           \
        result;                                                                         \
    })

static void narrow_reads(void) {
    ulong ones = ~0ul;
    out8(SCRATCH, 0x5a);
    check("in al keeps the rest", IN("inb %%dx, %%al", ones - 0xff), ones - 0xff + 0x5a);
    check("in ax from nobody", IN("movw $0x81, %%dx\n\tinw %%dx, %%ax", 0), 0xffff);
    check("in ax keeps the rest", IN("movw $0x81, %%dx\n\tinw %%dx, %%ax", ones << 16), ones);
    check("in eax clears the rest", IN("movw $0x81, %%dx\n\tinl %%dx, %%eax", 0), 0xffffffffu);
    check("in al of a port in the code", IN("inb $0x80, %%al", 0x1200), 0x12ff);
    check("in ax of a port in the code", IN("inw $0x80, %%ax", 0), 0xffff);
    check("in eax of a port in the code", IN("inl $0x80, %%eax", ones), 0xffffffffu);
}

static void strings(void) {
    static u8 bytes[16];
    static u16 words[4];
    static u32 longs[4];
    static const char text[] = "outs: three forms\n";
    ulong count = sizeof text - 1;
    const void *from = text;
    u16 port = COM1;
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
    check("rep outsb: all", count, 0);
    check("rep outsb: the pointer", (ulong)from, (ulong)text + sizeof text - 1);
    from = "!\n";
    __asm__ volatile("outsb\n\toutsb" : "+S"(from) : "d"(port) : "memory");

    out8(SCRATCH, 0xa5);
    void *to = bytes;
    count = 5;
    port = SCRATCH;
    __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
    check("rep insb: the pointer", (ulong)to, (ulong)bytes + 5);
    check("rep insb: the last", bytes[4], 0xa5);
    check("rep insb: no more", bytes[5], 0);
    to = bytes + 10;
    __asm__ volatile("std\n\tinsb\n\tcld" : "+D"(to) : "d"(port) : "memory");
    check("insb backwards", (ulong)to, (ulong)bytes + 9);
    to = words;
    count = 2;
    port = NOBODY;
    __asm__ volatile("rep insw" : "+D"(to), "+c"(count) : "d"(port) : "memory");
    check("rep insw", words[1] | (ulong)words[2] << 16, 0xffff);
    to = longs;
    count = 3;
    __asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
    check("rep insl", longs[2], 0xffffffffu);
    check("rep insl: no more", longs[3], 0);
    count = 0;
    __asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
    check("rep insl of nothing", (ulong)to, (ulong)(longs + 3));
    from = longs;
    count = 3;
    __asm__ volatile("rep outsl" : "+S"(from), "+c"(count) : "d"(port) : "memory");
    check("rep outsl", (ulong)from, (ulong)(longs + 3));
}

/* The flags stay what they were: an access leaves the guest in the middle of a block. */
static void flags(void) {
    ulong carry, sign;
    __asm__ volatile("stc\n\tinb $0x80, %%al\n\tsbb %0, %0" : "=r"(carry)::"eax", "cc");
    check("carry survives in", carry, ~0ul);
    __asm__ volatile("movl $-1, %%ecx\n\taddl $0, %%ecx\n\toutb %%al, $0x80\n\tsets %%cl\n\tmovzbl %%cl, %%ecx"
                     : "=c"(sign)::"cc");
    check("sign survives out", sign, 1);
}

static volatile ulong faults;

static int deny(struct frame *frame) {
    if (frame->vector != 13) return 0;
    faults++;
    frame->pc += 2; /* in al, imm8 */
    return 1;
}

static void read_port(void) { __asm__ volatile("inb $0x80, %%al" ::: "eax"); }

/* A program at level 3 may use ports that IOPL or the task's bitmap lets it. */
static void permissions(void) {
    on_vector = deny;
    in_user(read_port, 0);
    check("no bitmap: denied", faults, 1);
    in_user(read_port, 3);
    check("IOPL 3: allowed", faults, 1);
    port_allowed(0x80, 1);
    in_user(read_port, 0);
    check("its bit clear: allowed", faults, 1);
    port_allowed(0x80, 0);
    in_user(read_port, 0);
    check("its bit set: denied", faults, 2);
    on_vector = 0;
}

int main(void) {
    check("the transmitter is empty", in8(LINE_STATUS) & 0x60, 0x60);
    const char *hello = "hello by port\n";
    while (*hello) out8(COM1, (u8)*hello++);
    narrow_reads();
    strings();
    flags();
    permissions();
    console_puts("ok ports\n");
    __asm__ volatile("outb %0, $0xf4" ::"a"((u8)7));
    fail("still here");
}
