/* S mode on SBI firmware: every extension, its results, and what it refuses. Runs on any firmware; what the
 * specification leaves open is asked of axemu's own only. */
#include "board.h"
#include "check.h"
#include "console.h"
#include "csr.h"
#include "sbi.h"
#include "trap.h"
#include "width.h"

#define SSI (1ul << 1)
#define STI (1ul << 5)
#define OURS 0x485643
#define TICKS 5000ul /* of the 10 MHz clock */
#define LONG 1000000000ul
#define NOT_A_HART 4096ul
#define ALL (~0ul)
#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

void hart_entry(void);
void noting_entry(void);

/* What a hart found when it started or resumed: a0, a1, ra, satp, sstatus. */
volatile ulong seen[5];
static volatile ulong lives, sleeps;
static int ours;

__asm__(".text\n"
        ".globl noting_entry\n"
        "noting_entry:\n"
        "    la t0, seen\n" TEXT(STORE) " a0, 0*" TEXT(REG) "(t0)\n" TEXT(STORE) " a1, 1*" TEXT(REG) "(t0)\n" TEXT(
            STORE) " ra, 2*" TEXT(REG) "(t0)\n"
        "    csrr t1, satp\n" TEXT(STORE) " t1, 3*" TEXT(REG) "(t0)\n"
        "    csrr t1, sstatus\n" TEXT(STORE) " t1, 4*" TEXT(REG) "(t0)\n"
        "    j hart_entry\n");

static ulong error(struct sbi_result result) { return (ulong)result.error; }
static ulong status(ulong hart) { return (ulong)sbi(SBI_HSM, HART_STATUS, hart, 0, 0).value; }

static void set_timer(u64 when) {
    if (sizeof(ulong) == 8)
        sbi(SBI_TIME, 0, (ulong)when, 0, 0);
    else
        sbi(SBI_TIME, 0, (ulong)when, (ulong)(when >> 32), 0);
}

static u64 now(void) {
#if __riscv_xlen == 64
    return csr_read(time);
#else
    ulong high, low;
    do {
        high = csr_read(timeh);
        low = csr_read(time);
    } while (csr_read(timeh) != high);
    return (u64)high << 32 | low;
#endif
}

static int has(ulong extension, const char *name) {
    if (sbi(SBI_BASE, PROBE, extension, 0, 0).value) return 1;
    print("absent %s\n", name);
    return 0;
}

static void wait_for(ulong hart, ulong state) {
    while (status(hart) != state) {
    }
}

static void check_base(void) {
    struct sbi_result version = sbi(SBI_BASE, SPEC_VERSION, 0, 0, 0);
    check("BASE has a version", (ulong)version.error, SBI_SUCCESS);
    check("of which bit 31 is zero", (ulong)version.value >> 31, 0);
    ours = sbi(SBI_BASE, IMPL_ID, 0, 0, 0).value == OURS;
    print("this is %s\n", ours ? "axemu" : "another's firmware");
    if (ours) check("axemu has version 2.0", (ulong)version.value, 0x02000000);
    check("the implementation has a version", error(sbi(SBI_BASE, IMPL_VERSION, 0, 0, 0)), SBI_SUCCESS);
    for (ulong function = MVENDORID; function <= MIMPID; function++)
        check("the machine has an identity", error(sbi(SBI_BASE, function, 0, 0, 0)), SBI_SUCCESS);
    check("BASE finds itself", (ulong)sbi(SBI_BASE, PROBE, SBI_BASE, 0, 0).value, 1);
    check("BASE does not find what is not there", (ulong)sbi(SBI_BASE, PROBE, 0x777777, 0, 0).value, 0);
    check("BASE has no more functions", error(sbi(SBI_BASE, 7, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
    check("nobody knows this extension", error(sbi(0x777777, 0, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
    if (ours) check("calls to the VMM are still its own", (ulong)sbi(OURS, 0, 0, 0, 0).error, 0x00010000);
}

static void check_time(void) {
    csr_write(sie, STI);
    u64 begun = now();
    set_timer(begun + LONG);
    check("TIME: the timer is not pending at once", csr_read(sip) & STI, 0);
    begun = now();
    set_timer(begun + TICKS);
    while ((csr_read(sip) & STI) == 0) __asm__ volatile("wfi");
    check("TIME: it woke this hart, not early", now() - begun >= TICKS, 1);
    set_timer(~0ull);
    check("TIME: a far timer is not pending", csr_read(sip) & STI, 0);
    set_timer(0);
    while ((csr_read(sip) & STI) == 0) {
    }
    check("TIME: one that is past is pending", csr_read(sip) & STI, STI);
    set_timer(~0ull);
    check("TIME has one function", error(sbi(SBI_TIME, 1, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
}

static void check_ipi(ulong hart) {
    csr_write(sie, SSI);
    ulong masks[3][2] = {{1ul << hart, 0}, {1, hart}, {0, ALL}};
    for (u32 i = 0; i < COUNT(masks); i++) {
        check("IPI: sent", error(sbi(SBI_IPI, 0, masks[i][0], masks[i][1], 0)), SBI_SUCCESS);
        while ((csr_read(sip) & SSI) == 0) {
        }
        csr_clear(sip, SSI);
        check("IPI: pending until it is cleared", csr_read(sip) & SSI, 0);
    }
    check("IPI: to nobody", error(sbi(SBI_IPI, 0, 0, 0, 0)), SBI_SUCCESS);
    check("IPI: nobody got it", csr_read(sip) & SSI, 0);
    check("IPI has one function", error(sbi(SBI_IPI, 1, 1, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
    if (!ours) return;
    check("IPI: to a hart that is not there", error(sbi(SBI_IPI, 0, 1, NOT_A_HART, 0)), (ulong)SBI_INVALID_PARAM);
    check("IPI: to one that is, and one that is not", error(sbi(SBI_IPI, 0, ALL, hart, 0)), (ulong)SBI_INVALID_PARAM);
    check("IPI: and nobody got it", csr_read(sip) & SSI, 0);
}

static void check_fences(void) {
    for (ulong function = FENCE_I; function <= SFENCE_VMA_ASID; function++) {
        check("RFENCE: everybody", error(sbi6(SBI_RFENCE, function, 0, ALL, 0, 0, 0, 0)), SBI_SUCCESS);
        check("RFENCE: a page of hart 0", error(sbi6(SBI_RFENCE, function, 1, 0, 0x1000, 4096, 1, 0)), SBI_SUCCESS);
        if (!ours) continue;
        ulong refused = error(sbi6(SBI_RFENCE, function, 1, NOT_A_HART, 0, 0, 0, 0));
        check("RFENCE: a hart that is not there", refused, (ulong)SBI_INVALID_PARAM);
    }
    ulong hypervisor = error(sbi6(SBI_RFENCE, HFENCE_GVMA_VMID, 0, ALL, 0, 0, 0, 0));
    check("RFENCE: no hypervisor extension", hypervisor, (ulong)SBI_NOT_SUPPORTED);
}

/* Each start is another life; opaque tells what to do with it. */
void secondary(ulong hart, ulong opaque) {
    (void)hart;
    lives++;
    csr_write(sie, SSI);
    switch (opaque) {
    case 0xbed:
        sleeps++;
        sbi(SBI_HSM, HART_SUSPEND, SUSPEND_NON_RETENTIVE, (ulong)noting_entry, 0x5a5a);
        fail("a suspension that does not keep registers came back");
    case 0xd02e:
        sleeps++;
        check("HSM: a suspension that keeps registers ends well", error(sbi(SBI_HSM, HART_SUSPEND, 0, 0, 0)), 0);
        csr_clear(sip, SSI);
        sleeps++;
        break;
    case 0x5a5a:
        csr_clear(sip, SSI);
        sleeps++;
        break;
    }
    sbi(SBI_HSM, HART_STOP, 0, 0, 0);
    fail("a hart that stopped goes on");
}

static void check_entry(ulong hart, ulong opaque) {
    check("HSM: a0 is the hart", seen[0], hart);
    check("HSM: a1 is the argument", seen[1], opaque);
    check("HSM: translation is off", seen[3], 0);
    check("HSM: interrupts are off", seen[4] & STATUS_SIE, 0);
}

static void check_harts(ulong hart) {
    ulong second = hart ^ 1;
    ulong entry = (ulong)noting_entry;
    check("HSM: this hart is started", status(hart), STARTED);
    check("HSM: the other is stopped", status(second), STOPPED);
    check("HSM: no state of no hart", error(sbi(SBI_HSM, HART_STATUS, NOT_A_HART, 0, 0)), (ulong)SBI_INVALID_PARAM);
    check("HSM: no start of no hart", error(sbi(SBI_HSM, HART_START, NOT_A_HART, entry, 0)), (ulong)SBI_INVALID_PARAM);
    ulong again = error(sbi(SBI_HSM, HART_START, hart, entry, 0));
    check("HSM: no start of a hart that runs", again, (ulong)SBI_ALREADY_AVAILABLE);
    if (ours) {
        ulong nowhere = error(sbi(SBI_HSM, HART_START, second, BOARD_NOWHERE, 0));
        check("HSM: no start where nothing is", nowhere, (ulong)SBI_INVALID_ADDRESS);
        check("HSM: no start at an odd address", error(sbi(SBI_HSM, HART_START, second, entry | 1, 0)),
              (ulong)SBI_INVALID_ADDRESS);
    }
    for (ulong life = 1; life <= 3; life++) {
        check("HSM: the other starts", error(sbi(SBI_HSM, HART_START, second, entry, life)), SBI_SUCCESS);
        wait_for(second, STOPPED);
        check("HSM: it has lived", lives, life);
        check_entry(second, life);
        if (ours) check("HSM: it starts afresh", seen[2], 0);
    }
    sleeps = 0;
    check("HSM: it starts to suspend itself", error(sbi(SBI_HSM, HART_START, second, entry, 0xbed)), SBI_SUCCESS);
    wait_for(second, SUSPENDED);
    check("HSM: it sleeps once", sleeps, 1);
    again = error(sbi(SBI_HSM, HART_START, second, entry, 0));
    check("HSM: no start of a hart that is suspended", again != SBI_SUCCESS, 1);
    sbi(SBI_IPI, 0, 1ul << second, 0, 0);
    wait_for(second, STOPPED);
    check("HSM: an IPI woke it", sleeps, 2);
    check_entry(second, 0x5a5a);
    sleeps = 0;
    check("HSM: it starts to doze", error(sbi(SBI_HSM, HART_START, second, entry, 0xd02e)), SBI_SUCCESS);
    wait_for(second, SUSPENDED);
    sbi(SBI_IPI, 0, 1ul << second, 0, 0);
    wait_for(second, STOPPED);
    check("HSM: an IPI woke it behind its call", sleeps, 2);
    if (ours) {
        ulong types[4][2] = {{1, (ulong)SBI_INVALID_PARAM},
                             {0x10000000, (ulong)SBI_INVALID_PARAM},
                             {0x80000001, (ulong)SBI_INVALID_PARAM},
                             {0x90000000, (ulong)SBI_INVALID_PARAM}};
        for (u32 i = 0; i < COUNT(types); i++)
            check("HSM: no such suspension", error(sbi(SBI_HSM, HART_SUSPEND, types[i][0], entry, 0)), types[i][1]);
        ulong nowhere = error(sbi(SBI_HSM, HART_SUSPEND, SUSPEND_NON_RETENTIVE, BOARD_NOWHERE, 0));
        check("HSM: no resumption where nothing is", nowhere, (ulong)SBI_INVALID_ADDRESS);
    }
    check("HSM has no more functions", error(sbi(SBI_HSM, 4, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
}

static void check_doze(void) {
    csr_write(sie, STI);
    u64 begun = now();
    set_timer(begun + TICKS);
    check("HSM: this hart dozes", error(sbi(SBI_HSM, HART_SUSPEND, SUSPEND_RETENTIVE, 0, 0)), SBI_SUCCESS);
    check("HSM: until its timer", now() - begun >= TICKS, 1);
    set_timer(~0ull);
}

static void check_reset(void) {
    check("SRST: no such type", error(sbi(SBI_SRST, 0, 3, 0, 0)), (ulong)SBI_INVALID_PARAM);
    check("SRST: no such reason", error(sbi(SBI_SRST, 0, 0, 2, 0)), (ulong)SBI_INVALID_PARAM);
    check("SRST has one function", error(sbi(SBI_SRST, 1, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
}

#define CYCLES 1
#define INSTRUCTIONS 2
#define CACHE_MISSES 4
#define FIRMWARE_SET_TIMER (15 << 16 | 5)
#define FIRMWARE_MISALIGNED_LOAD (15 << 16)

static struct sbi_result configure(ulong base, ulong mask, ulong flags, ulong event) {
    return sbi6(SBI_PMU, COUNTER_CONFIGURE, base, mask, flags, event, 0, 0);
}
static struct sbi_result start(ulong counter, ulong flags, ulong value) {
    return sbi6(SBI_PMU, COUNTER_START, counter, 1, flags, value, 0, 0);
}
static struct sbi_result stop(ulong counter, ulong flags) { return sbi(SBI_PMU, COUNTER_STOP, counter, 1, flags); }

static void check_counters(void) {
    ulong count = (ulong)sbi(SBI_PMU, COUNTERS, 0, 0, 0).value;
    check("PMU: there are counters", count > 2, 1);
    check("PMU: cycle is one", (ulong)sbi(SBI_PMU, COUNTER_INFO, 0, 0, 0).value, 63 << 12 | 0xc00);
    check("PMU: instret is one", (ulong)sbi(SBI_PMU, COUNTER_INFO, 2, 0, 0).value, 63 << 12 | 0xc02);
    check("PMU: no more", error(sbi(SBI_PMU, COUNTER_INFO, count, 0, 0)), (ulong)SBI_INVALID_PARAM);
    if (!ours) return;
    check("PMU: time is none", error(sbi(SBI_PMU, COUNTER_INFO, 1, 0, 0)), (ulong)SBI_INVALID_PARAM);
    ulong running = csr_read(instret);
    check("PMU: a counter runs while it is nobody's", csr_read(instret) - running, 1);
    check("PMU: nobody's counter does not start", error(start(2, 0, 0)), (ulong)SBI_INVALID_PARAM);
    check("PMU: instructions are in instret", (ulong)configure(0, 7, 0, INSTRUCTIONS).value, 2);
    check("PMU: and in no other", error(configure(0, 7, 0, INSTRUCTIONS)), (ulong)SBI_NOT_SUPPORTED);
    running = csr_read(instret);
    check("PMU: it stands still", csr_read(instret), running);
    ulong begun = error(start(2, 1, 1000));
    running = csr_read(instret);
    check("PMU: it starts", begun, SBI_SUCCESS);
    check("PMU: at what it was set to", running >= 1000 && running < 1100, 1);
    check("PMU: once", error(start(2, 1, 5)), (ulong)SBI_ALREADY_STARTED);
    check("PMU: it stops", error(stop(2, 0)), SBI_SUCCESS);
    running = csr_read(instret);
    check("PMU: where it was", running > 1000 && running < 3000000 && csr_read(instret) == running, 1);
    check("PMU: once stopped", error(stop(2, 0)), (ulong)SBI_ALREADY_STOPPED);
    begun = error(start(2, 0, 0));
    running = csr_read(instret) - running;
    check("PMU: it goes on", begun, SBI_SUCCESS);
    check("PMU: from there", running < 100, 1);
    check("PMU: it is given back", error(stop(2, 1)), SBI_SUCCESS);
    running = csr_read(instret);
    check("PMU: and runs", csr_read(instret) - running, 1);
    begun = error(configure(0, 5, 6, CYCLES));
    running = csr_read(cycle);
    check("PMU: cycles", begun, SBI_SUCCESS);
    check("PMU: at once and from zero", running > 0 && running < 100, 1);
    stop(0, 1);
    check("PMU: no caches", error(configure(0, 7, 0, CACHE_MISSES)), (ulong)SBI_NOT_SUPPORTED);
    check("PMU: no such set", error(configure(count, 1, 0, CYCLES)), (ulong)SBI_INVALID_PARAM);
    check("PMU: an empty set", error(configure(0, 0, 0, CYCLES)), (ulong)SBI_INVALID_PARAM);
    check("PMU: no traps to count", error(configure(3, 0xff, 0, FIRMWARE_MISALIGNED_LOAD)), (ulong)SBI_NOT_SUPPORTED);
    check("PMU: timers set, from the fourth on", (ulong)configure(3, 0xff, 6, FIRMWARE_SET_TIMER).value, 3);
    for (u32 i = 0; i < 5; i++) set_timer(~0ull);
    stop(3, 0);
    set_timer(~0ull);
    check("PMU: five", (ulong)sbi(SBI_PMU, COUNTER_READ, 3, 0, 0).value, 5);
    check("PMU: and nothing above", (ulong)sbi(SBI_PMU, COUNTER_READ_HIGH, 3, 0, 0).value, 0);
    check("PMU: cycle is read by its CSR", error(sbi(SBI_PMU, COUNTER_READ, 0, 0, 0)), (ulong)SBI_INVALID_PARAM);
    stop(3, 1);
    check("PMU: no memory is shared", error(start(0, 2, 0)), (ulong)SBI_NO_SHMEM);
    check("PMU has no more functions", error(sbi(SBI_PMU, 7, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
}

static void check_console(void) {
    static char line[6000];
    for (u32 i = 0; i < sizeof line; i++) line[i] = i % 60 == 59 ? '\n' : '.';
    ulong at = (ulong)line, left = sizeof line, calls = 0;
    while (left && calls++ < sizeof line) {
        struct sbi_result wrote = sbi(SBI_DBCN, CONSOLE_WRITE, left, at, 0);
        if (wrote.error || (ulong)wrote.value > left) fail("DBCN: a long line");
        at += (ulong)wrote.value;
        left -= (ulong)wrote.value;
    }
    check("DBCN: a long line", left, 0);
    check("DBCN: a byte", error(sbi(SBI_DBCN, CONSOLE_WRITE_BYTE, 0xffffff00ul | '!', 0, 0)), SBI_SUCCESS);
    console_puts("\n");
    struct sbi_result none = sbi(SBI_DBCN, CONSOLE_WRITE, 0, (ulong)line, 0);
    check("DBCN: nothing", (ulong)(none.error | none.value), 0);
    check("DBCN has no more functions", error(sbi(SBI_DBCN, 3, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
    if (!ours) return;
    check("DBCN: more than there is", error(sbi(SBI_DBCN, CONSOLE_WRITE, ALL, at, 0)), (ulong)SBI_INVALID_PARAM);
    check("DBCN: from nowhere", error(sbi(SBI_DBCN, CONSOLE_WRITE, 1, BOARD_NOWHERE, 0)), (ulong)SBI_INVALID_PARAM);
    check("DBCN: from above everything", error(sbi(SBI_DBCN, CONSOLE_WRITE, 1, at, 1)), (ulong)SBI_INVALID_PARAM);
    check("DBCN: to nowhere", error(sbi(SBI_DBCN, CONSOLE_READ, 1, BOARD_NOWHERE, 0)), (ulong)SBI_INVALID_PARAM);
    check("DBCN: to a device", error(sbi(SBI_DBCN, CONSOLE_READ, 1, UART_DATA, 0)), (ulong)SBI_INVALID_PARAM);
    struct sbi_result got = {0, 0};
    for (ulong looks = 0; looks < 100 && got.value == 0; looks++)
        got = sbi(SBI_DBCN, CONSOLE_READ, sizeof line, (ulong)line, 0);
    check("DBCN takes what is left", (ulong)got.value << 8 | (u8)line[0], 1 << 8 | 'q');
    got = sbi(SBI_DBCN, CONSOLE_READ, sizeof line, (ulong)line, 0);
    check("DBCN: and then nothing", (ulong)(got.error | got.value), 0);
}

static ulong send_ipi_to(ulong mask) { return error(sbi(LEGACY_SEND_IPI, 0, mask, 0, 0)); }

static void check_legacy(ulong hart) {
    ulong mask = 1ul << hart;
    csr_write(sie, 0);
    sbi(LEGACY_PUTCHAR, 0, '?', 0, 0);
    sbi(LEGACY_PUTCHAR, 0, '\n', 0, 0);
    check("legacy: one result only", (ulong)sbi(LEGACY_CLEAR_IPI, 0, 0, 0xa1a1, 0).value, 0xa1a1);
    check("legacy: an IPI", error(sbi(LEGACY_SEND_IPI, 0, (ulong)&mask, 0, 0)), SBI_SUCCESS);
    while ((csr_read(sip) & SSI) == 0) {
    }
    ulong pending = error(sbi(LEGACY_CLEAR_IPI, 0, 0, 0, 0));
    if (ours) check("legacy: it was pending", pending, 1);
    csr_clear(sip, SSI);
    check("legacy: taken back", csr_read(sip) & SSI, 0);
    check("legacy: an IPI to everybody", error(sbi(LEGACY_SEND_IPI, 0, 0, 0, 0)), SBI_SUCCESS);
    while ((csr_read(sip) & SSI) == 0) {
    }
    csr_clear(sip, SSI);
    for (ulong fence = LEGACY_FENCE_I; fence <= LEGACY_SFENCE_VMA_ASID; fence++) {
        check("legacy: a fence", error(sbi6(fence, 0, (ulong)&mask, 0, 4096, 1, 0, 0)), SBI_SUCCESS);
        check("legacy: a fence for everybody", error(sbi6(fence, 0, 0, 0, 0, 0, 0, 0)), SBI_SUCCESS);
    }
    sbi(LEGACY_SET_TIMER, 0, 0, 0, 0);
    while ((csr_read(sip) & STI) == 0) {
    }
    sbi(LEGACY_SET_TIMER, 0, ALL, ALL, 0);
    check("legacy: the timer", csr_read(sip) & STI, 0);
    if (!ours) return;
    long character = -1;
    for (ulong looks = 0; looks < 100 && character == -1; looks++) character = sbi(LEGACY_GETCHAR, 0, 0, 0, 0).error;
    check("the legacy console takes a character", (ulong)character, 'Z');
    probe(send_ipi_to, BOARD_NOWHERE);
    check("legacy: a mask nowhere is a fault", caught.count << 8 | caught.cause, 1 << 8 | LOAD_ACCESS);
    check("legacy: of that address", caught.tval, BOARD_NOWHERE);
    check("legacy: at the call", read32(caught.epc), 0x73);
    mask = ALL;
    check("legacy: a mask of too many", error(sbi(LEGACY_FENCE_I, 0, (ulong)&mask, 0, 0)), (ulong)SBI_INVALID_PARAM);
    for (ulong extension = 9; extension <= 15; extension++)
        check("legacy: reserved", error(sbi(extension, 0, 0, 0, 0)), (ulong)SBI_NOT_SUPPORTED);
}

int main(ulong hart) {
    check("this hart starts with interrupts off", csr_read(sstatus) & STATUS_SIE, 0);
    check("and untranslated", csr_read(satp), 0);
    check_base();
    if (has(SBI_TIME, "TIME")) check_time();
    if (has(SBI_IPI, "IPI")) check_ipi(hart);
    if (has(SBI_RFENCE, "RFENCE")) check_fences();
    if (has(SBI_HSM, "HSM")) check_harts(hart);
    if (has(SBI_HSM, "HSM")) check_doze();
    if (has(SBI_PMU, "PMU")) check_counters();
    check_legacy(hart);
    if (has(SBI_DBCN, "DBCN")) check_console();
    if (has(SBI_SRST, "SRST")) check_reset();
    console_puts("ok sbi\n");
    sbi(SBI_SRST, 0, 0, 0, 0);
    fail("the system goes on after a shutdown");
}
