/* Resets the machine after spoiling whatever it can reach, and finds everything as it was at power-on. Flash keeps its
 * contents: there it counts the boots, and leaves what it read at the first one. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"

#define BOOTS 3
#define FLASH 0x22000000ul
#define OTHER_FLASH 0x20000000ul
#define RTC 0x101000ul
#define FW_CFG 0x10100000ul
#define FAR (BOARD_RAM + 0x400000ul)
#define FAR_WORDS 4096u

/* Every control register that keeps what is written to it, and a value to spoil it with. */
#define EACH_CSR(_)                                                                                                    \
    _(mepc, 0x1230) _(mcause, 5) _(mtval, 77) _(mie, 0xa) _(medeleg, 0xb100) _(mideleg, 0x222) _(mcounteren, 7)        \
    _(scounteren, 7) _(stvec, 0x5000) _(sscratch, 6) _(sepc, 0x5550) _(scause, 7) _(stval, 8) _(pmpaddr0, 0x1234)      \
    _(pmpaddr15, 0x4321)

#define READ_CSR(name, value) csr_read(name),
#define NAME_CSR(name, value) #name,
#define SPOIL_CSR(name, value) csr_write(name, (ulong)(value));

static u32 pristine = 0x600d600d;
static volatile u32 second_hart_ran;
static u32 code[2] = {0x02a00513, 0x00008067}; /* li a0, 42; ret */

static void flash_write(u32 word, u32 value) {
    write32(FLASH, 0x00400040);
    write32(FLASH + 4 * word, value);
    write32(FLASH, 0x00ff00ff);
}
static u32 flash_read(u32 word) { return read32(FLASH + 4 * word); }

static const char *const names[] = {
    EACH_CSR(NAME_CSR) "mstatus", "mtime", "mtimecmp", "msip", "UART scratch", "UART line control", "PLIC priority",
    "PLIC enable", "PLIC threshold", "RTC time", "RTC alarm", "RTC interrupt", "fw_cfg data", "flash",
};

static u32 fold(ulong value) { return (u32)value ^ (u32)((u64)value >> 32); }

int main(void) {
    ulong readings[COUNT(names)] = {
        EACH_CSR(READ_CSR) csr_read(mstatus), read32(CLINT_MTIME), read32(CLINT_MTIMECMP), read32(CLINT_MSIP),
        read8(UART_SCR), read8(0x10000003ul), read32(PLIC_PRIORITY + 4 * 11), read32(PLIC_ENABLE),
        read32(PLIC_THRESHOLD), read32(RTC), read32(RTC + 8), read32(RTC + 0x10), read8(FW_CFG), read32(OTHER_FLASH + 0x40),
    };
    u32 boot = 1;
    while (boot < 32 && !(flash_read(0) >> boot & 1)) boot++;
    flash_write(0, ~0u << (boot + 1));
    print("boot %u\n", boot);
    for (u32 at = 0; at < COUNT(names); at++) {
        if (boot == 1)
            flash_write(1 + at, fold(readings[at]));
        else
            check(names[at], fold(readings[at]), flash_read(1 + at));
    }
    check("data is as loaded", pristine, 0x600d600d);
    check("code is as loaded", ((ulong(*)(void))code)(), 42);
    for (u32 at = 0; at < FAR_WORDS; at++)
        if (read32(FAR + 4 * at)) fail("memory that nothing was loaded into is zero");
    for (u32 wait = 0; wait < 20000; wait++) __asm__ volatile("" ::: "memory");
    check("the other hart waits", second_hart_ran, 0);
    if (boot == BOOTS) return 0;

    pristine = 0xbad;
    code[0] = 0x00d00513; /* li a0, 13 */
    __asm__ volatile("fence.i" ::: "memory");
    check("other code", ((ulong(*)(void))code)(), 13);
    for (u32 at = 0; at < FAR_WORDS; at++) write32(FAR + 4 * at, at + 1);
    write32(RTC + 4, 1);
    write32(RTC, 2);
    write32(RTC + 0x0c, 0x7fffffff);
    write32(RTC + 0x08, 3);
    write32(RTC + 0x10, 1);
    write8(UART_SCR, 0x5a);
    write32(PLIC_PRIORITY + 4 * 11, 5);
    write32(PLIC_ENABLE, 0xffffffff);
    write32(PLIC_THRESHOLD, 3);
    *(volatile unsigned short *)(FW_CFG + 8) = 0x1900;
    write32(OTHER_FLASH, 0x00980098);
    board_set_mtimecmp(0x123456789abcull);
    board_software(1, 1);
    while (!second_hart_ran) {
    }
    console_puts("resetting\n");
    while (!(read8(UART_LSR) & 0x40)) {
    }
    write8(0x10000003ul, 3);
    EACH_CSR(SPOIL_CSR)
    write32(CLINT_MSIP, 1);
    csr_set(mstatus, STATUS_SUM | STATUS_MXR | STATUS_SPP | 1 << 13);
    __asm__ volatile(".option push\n.option arch, +f\nfmv.w.x f1, %0\ncsrw fcsr, %1\n.option pop" : : "r"(0x3f800000), "r"(0x7f));
    write32(TEST_FINISHER, 0x7777);
    for (;;) {
    }
}

void secondary(void) {
    csr_write(sscratch, 0x123);
    second_hart_ran = 1;
    for (;;) second_hart_ran++;
}
