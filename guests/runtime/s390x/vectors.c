/* What an interruption does. Codes and old PSWs are at their real addresses. */
#include "arch.h"

#define AT(type, address) (*(volatile type *)(address))
#define WAIT 0x0002000000000000ul
#define PROBLEM 0x0001000000000000ul
enum { EXTERNAL_OLD = 0x130, CALL_OLD = 0x140, PROGRAM_OLD = 0x150, EXTERNAL_CODE = 0x86, PROGRAM_CODE = 0x8e };
enum { CLOCK_COMPARATOR = 0x1004, EMERGENCY_SIGNAL = 0x1201, SUPERVISOR_CALL = 0x1c0 };

void taken(ulong kind, ulong *registers);
void taken(ulong kind, ulong *registers) {
    (void)registers;
    if (kind == 0) {
        AT(ulong, EXTERNAL_OLD) &= ~WAIT;
        switch (AT(u16, EXTERNAL_CODE)) {
        case CLOCK_COMPARATOR: arch_interrupt(LINE_TIMER); break;
        case EMERGENCY_SIGNAL: arch_interrupt(LINE_SOFTWARE); break;
        default: arch_interrupt(LINE_EXTERNAL);
        }
        return;
    }
    ulong old = kind == 1 ? CALL_OLD : PROGRAM_OLD;
    ulong vector = kind == 1 ? SUPERVISOR_CALL : AT(u16, PROGRAM_CODE);
    AT(ulong, old) &= ~PROBLEM;
    AT(ulong, old + 8) = arch_trap(vector, AT(ulong, old + 8), ANY);
}
