/* Model-specific registers, the time-stamp counter, CPUID, and the fast system calls that they set up. */
#include "arch.h"
#include "check.h"
#include "console.h"
#include "trap.h"
#include "user.h"

#define TSC 0x10
#define TSC_ADJUST 0x3b
#define SYSENTER_CS 0x174
#define SYSENTER_ESP 0x175
#define SYSENTER_EIP 0x176
#define PAT 0x277
#define EFER 0xc0000080u
#define STAR 0xc0000081u
#define LSTAR 0xc0000082u
#define FMASK 0xc0000084u
#define FS_BASE 0xc0000100u
#define GS_BASE 0xc0000101u
#define KERNEL_GS_BASE 0xc0000102u
#define SCE 1
#define WIDE (sizeof(ulong) == 8)

static volatile ulong faults;

static int skip(struct frame *frame) {
    if (frame->vector != 13) return 0;
    faults++;
    frame->pc += 2; /* rdmsr, wrmsr */
    return 1;
}

static u64 get(u32 number) {
    u32 low = 0, high = 0;
    __asm__ volatile("rdmsr" : "+a"(low), "+d"(high) : "c"(number));
    return (u64)high << 32 | low;
}

static void put(u32 number, u64 value) {
    __asm__ volatile("wrmsr" ::"c"(number), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static u64 tsc(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static void check_wide(const char *what, u64 actual, u64 expected) {
    check(what, (ulong)(actual == expected), 1);
}

static void keeps(const char *what, u32 number, u64 value) {
    u64 before = get(number);
    put(number, value);
    check_wide(what, get(number), value);
    put(number, before);
}

static int near_board(void) {
    u64 board = board_now();
    return tsc() - board < 1000;
}

static void counter(void) {
    u64 first = tsc(), second = tsc();
    check("the counter counts", second > first && second - first < 1000, 1);
    check("and is guest time in ns", near_board(), 1);
    put(TSC, 0x500000000);
    u64 now = tsc();
    check("it can be set", now - 0x500000000 < 100, 1);
    check("as rdmsr sees", get(TSC) - now < 1000, 1);
    put(TSC_ADJUST, 0);
    check("and be put back", near_board(), 1);
}

static void cpuid(u32 leaf, u32 *out) {
    out[0] = leaf;
    out[2] = 0;
    __asm__ volatile("cpuid" : "+a"(out[0]), "=b"(out[1]), "+c"(out[2]), "=d"(out[3]));
}

static void identity(void) {
    u32 out[4];
    cpuid(1, out);
    check("a hypervisor is there", out[2] >> 31, 1);
    check("no local APIC", out[3] >> 9 & 1, 0);
    cpuid(0x40000000, out);
    check("its name", out[1] == 0x6d657861 && out[2] == 0x75 && out[3] == 0, 1);
    cpuid(0x40000010, out);
    check("the counter's frequency in kHz", out[0], 1000000);
}

static int intel(void) {
    u32 out[4];
    cpuid(0, out);
    return out[1] == 0x756e6547;
}

static void nobody(void) {
    on_vector = skip;
    get(0x12345678);
    check("rdmsr of nothing faults", faults, 1);
    put(0x12345678, 1);
    check("wrmsr to nothing faults", faults, 2);
    get(0x1b);
    check("there is no APIC base", faults, 3);
    put(EFER, get(EFER) | 1 << 30);
    check("reserved bits of EFER fault", faults, 4);
    on_vector = 0;
}

static volatile ulong calls;

#ifdef __x86_64__
static volatile ulong seen;

__attribute__((naked)) static void on_syscall(void) {
    __asm__("movq %rdi, seen(%rip)\n\t"
            "incq calls(%rip)\n\t"
            "sysretq");
}

static void user_syscall(void) {
    for (ulong i = 1; i <= 3; i++) __asm__ volatile("syscall" ::"D"(i) : "rcx", "r11", "memory");
}

static void user_without(void) { __asm__ volatile("syscall" ::: "rcx", "r11", "memory"); }

static int no_syscall(struct frame *frame) {
    if (frame->vector != 6) return 0;
    faults++;
    frame->pc += 2;
    return 1;
}

static void syscalls(void) {
    faults = 0;
    on_vector = no_syscall;
    in_user(user_without, 0);
    check("syscall without EFER.SCE is invalid", faults, 1);
    on_vector = 0;
    put(EFER, get(EFER) | SCE);
    put(STAR, (u64)0x10 << 48 | (u64)0x08 << 32);
    put(LSTAR, (u64)(ulong)on_syscall);
    put(FMASK, 0x200);
    in_user(user_syscall, 0);
    check("syscall and sysret", calls * 10 + seen, 33);
}

static void bases(void) {
    static ulong there = 0x1234;
    ulong result;
    put(FS_BASE, (ulong)&there - 8);
    __asm__ volatile("movq %%fs:8, %0" : "=r"(result));
    check("fs base", result, 0x1234);
    put(GS_BASE, 0x1000);
    put(KERNEL_GS_BASE, (ulong)&there);
    __asm__ volatile("swapgs\n\tmovq %%gs:0, %0" : "=r"(result));
    check("swapgs", result, 0x1234);
    check_wide("both ways", get(KERNEL_GS_BASE), 0x1000);
    keeps("lstar is 64 bits wide", LSTAR, 0xffff8000deadbeef);
}
#endif

#ifdef __x86_64__
__attribute__((naked)) static void on_sysenter(void) {
    __asm__("incq calls(%rip)\n\t"
            "movq %rsi, %rdx\n\t"
            "movq %rdi, %rcx\n\t"
            "rex64 sysexit");
}

static void user_sysenter(void) {
    __asm__ volatile("leaq 1f(%%rip), %%rsi\n\tmovq %%rsp, %%rdi\n\tsysenter\n1:" ::: "rcx", "rdx", "rsi", "rdi", "memory");
}
#else
__attribute__((naked)) static void on_sysenter(void) {
    __asm__("incl calls\n\t"
            "movl %esi, %edx\n\t"
            "movl %edi, %ecx\n\t"
            "sysexit");
}

static void user_sysenter(void) {
    __asm__ volatile("movl $1f, %%esi\n\tmovl %%esp, %%edi\n\tsysenter\n1:" ::: "ecx", "edx", "esi", "edi", "memory");
}
#endif

static void sysenters(void) {
    static ulong stack[64];
    calls = 0;
    put(SYSENTER_CS, 0x08);
    put(SYSENTER_ESP, (ulong)(stack + 64));
    put(SYSENTER_EIP, (ulong)on_sysenter);
    in_user(user_sysenter, 0);
    check("sysenter and sysexit", calls, 1);
}

int main(void) {
    counter();
    identity();
    nobody();
    keeps("PAT", PAT, 0x0007040600070406);
    keeps("sysenter_eip", SYSENTER_EIP, 0x12345678);
#ifdef __x86_64__
    check_wide("long mode is active", get(EFER) & 0x500, 0x500);
    bases();
    syscalls();
#else
    check_wide("no long mode", get(EFER) & 0x500, 0);
#endif
    if (!WIDE || intel()) sysenters(); /* AMD has no sysenter in 64-bit mode */
    console_puts("ok msr\n");
    return 0;
}
