#include "trap.h"

#include "board.h"
#include "console.h"
#include "width.h"

static void unexpected(struct trap *trap) {
    print("unexpected trap: cause 0x%lx, epc 0x%lx, tval 0x%lx\n", trap->cause, trap->epc, trap->tval);
    board_power_off(2);
}

trap_handler *machine_trap = unexpected, *supervisor_trap = unexpected;
struct caught caught;
static int catching;

static int catch(struct trap *trap, enum mode mode) {
    if (!catching || trap->cause & CAUSE_INTERRUPT) return 0;
    caught.count++;
    caught.cause = trap->cause;
    caught.epc = trap->epc;
    caught.tval = trap->tval;
    caught.status = trap->status;
    caught.taken_in = mode;
    switch (trap->cause) {
    case FETCH_MISALIGNED:
    case FETCH_ACCESS:
    case FETCH_PAGE:
        trap->epc = trap->x[1];
        break;
    default:
        trap->epc += (*(const u16 *)trap->epc & 3) == 3 ? 4 : 2;
    }
    return 1;
}

ulong probe(ulong (*code)(ulong), ulong argument) {
    caught = (struct caught){0};
    catching = 1;
    ulong result = code(argument);
    catching = 0;
    return result;
}

void supervisor_dispatch(struct trap *trap) {
    csr_set(sstatus, STATUS_SUM | STATUS_MXR); /* to read the instruction of a user; trap.S restores sstatus */
    if (!catch(trap, SUPERVISOR)) supervisor_trap(trap);
}

#ifndef FIRMWARE
void left(void);

void machine_dispatch(struct trap *trap) {
    if ((trap->cause == ECALL_U || trap->cause == ECALL_S) && trap->x[17] == LEAVE) {
        trap->epc = (ulong)left;
        trap->status |= STATUS_MPP;
        return;
    }
    if (!catch(trap, MACHINE)) machine_trap(trap);
}

ulong probe_in(enum mode mode, ulong (*code)(ulong), ulong argument) {
    caught = (struct caught){0};
    catching = 1;
    ulong result = enter(mode, code, argument);
    catching = 0;
    return result;
}

void supervisor_setup(void) {
    static u64 stack[256];
    csr_write(sscratch, stack + COUNT(stack));
    csr_write(stvec, supervisor_entry);
}
#endif
