/* The traps of MIPS, by Cause.ExcCode; in a delay slot EPC is the branch's. */
#include "arch.h"

#define TLB_LOAD 2
#define TLB_STORE 3
#define ADDRESS_LOAD 4
#define ADDRESS_STORE 5
#define BUS_FETCH 6
#define BUS_DATA 7
#define SYSCALL 8
#define BREAK 9
#define RESERVED 10
#define UNUSABLE 11
#define OVERFLOW 12
#define TRAP 13
#define AT(address) ((ulong)(long)(int)(address))

PROBE_CODE(p_syscall);
PROBE_CODE(p_syscall_slot);
PROBE_CODE(p_break);
PROBE_CODE(p_break_slot);
PROBE_CODE(p_reserved);
PROBE_CODE(p_overflow);
PROBE_CODE(p_overflow_slot);
PROBE_CODE(p_trap);
PROBE_CODE(p_divide);
PROBE_CODE(p_load);
PROBE_CODE(p_load_slot);
PROBE_CODE(p_store);
PROBE_CODE(p_store_slot);
PROBE_CODE(p_fetch);
PROBE_CODE(p_bus_load);
PROBE_CODE(p_bus_load_slot);
PROBE_CODE(p_bus_store);
PROBE_CODE(p_bus_store_slot);
PROBE_CODE(p_bus_fetch);
PROBE_CODE(p_unusable);
PROBE_CODE(p_refill_load);
PROBE_CODE(p_refill_store);
PROBE_CODE(p_refill_slot);
PROBE_CODE(p_refill_fetch);

/* A fetch that fails has the pc that was fetched. */
#define FETCH_PROBE(name, symbol, vector, address) \
    {name, symbol, (const char *)(address), symbol##_resume, vector, ANY}

const struct arch_probe arch_probes[] = {
    PROBE("system call", p_syscall, SYSCALL, ANY),
    PROBE("call to the VMM in a delay slot", p_syscall_slot, SYSCALL, ANY),
    PROBE("breakpoint", p_break, BREAK, ANY),
    PROBE("breakpoint in a delay slot", p_break_slot, BREAK, ANY),
    PROBE("reserved instruction", p_reserved, RESERVED, ANY),
    PROBE("overflow", p_overflow, OVERFLOW, ANY),
    PROBE("overflow in a delay slot", p_overflow_slot, OVERFLOW, ANY),
    PROBE("trap", p_trap, TRAP, ANY),
    PROBE("division by zero", p_divide, TRAP, ANY),
    PROBE("misaligned load", p_load, ADDRESS_LOAD, AT(0x80010001)),
    PROBE("misaligned load in a delay slot", p_load_slot, ADDRESS_LOAD, AT(0x80010003)),
    PROBE("misaligned store", p_store, ADDRESS_STORE, AT(0x80000402)),
    PROBE("misaligned store in a delay slot", p_store_slot, ADDRESS_STORE, AT(0x80000405)),
    FETCH_PROBE("misaligned jump", p_fetch, ADDRESS_LOAD, AT(0x80010002)),
    PROBE("load from nowhere", p_bus_load, BUS_DATA, ANY),
    PROBE("load from nowhere in a delay slot", p_bus_load_slot, BUS_DATA, ANY),
    PROBE("store to nowhere", p_bus_store, BUS_DATA, ANY),
    PROBE("store to nowhere in a delay slot", p_bus_store_slot, BUS_DATA, ANY),
    FETCH_PROBE("jump to nowhere", p_bus_fetch, BUS_FETCH, AT(0xa8000000)),
    PROBE("coprocessor unusable", p_unusable, UNUSABLE, ANY),
    PROBE("TLB refill, load", p_refill_load, TLB_LOAD, 0x5124),
    PROBE("TLB refill, store", p_refill_store, TLB_STORE, 0x5128),
    PROBE("TLB refill, store in a delay slot", p_refill_slot, TLB_STORE, 0x512c),
    FETCH_PROBE("TLB refill, fetch", p_refill_fetch, TLB_LOAD, 0x5000),
};
const u32 arch_probe_count = COUNT(arch_probes);
