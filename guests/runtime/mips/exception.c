/* What an exception is, by Cause. */
#include "arch.h"

ulong exception(u32 cause, u32 status, ulong epc, ulong address);

#define TIMER (1u << 15)
#define SOFTWARE (1u << 11)
#define FIRST_WITH_ADDRESS 1u /* TLB modification */
#define LAST_WITH_ADDRESS 5u  /* address error of a store */

ulong exception(u32 cause, u32 status, ulong epc, ulong address) {
    u32 code = cause >> 2 & 31;
    if (code) {
        u32 has = code >= FIRST_WITH_ADDRESS && code <= LAST_WITH_ADDRESS;
        return arch_trap(code, epc, has ? address : ANY);
    }
    u32 pending = cause & status;
    arch_interrupt(pending & TIMER ? LINE_TIMER : pending & SOFTWARE ? LINE_SOFTWARE : LINE_EXTERNAL);
    return epc;
}
