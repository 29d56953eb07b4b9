"""The A profile, native: exceptions, and the calls that leave the guest.

An exception is taken by the engine's own function: it banks, masks and finds the vector as the manual says [a B1.8],
for every model and security state, which is long. What is ours is what the engine's interface makes of exceptions: one
that only reaches a hook, an undefined instruction, an access that nothing backs; and a vector that nobody has set.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.arm.addresses import data_address
from isa.arm.layout import Slot
from isa.arm.words import (
    BREAKPOINT,
    DATA,
    HVC_A32,
    HVC_T32,
    MON,
    MONITOR,
    PC,
    PREFETCH,
    SUPERVISOR,
    THUMB,
    TRAP_EVENT,
    UNDEFINED,
    UNMAPPED_EVENT,
    USR,
    YIELD,
    U,
    get32,
    get64,
    instruction_at,
    leave_it_block,
    log,
    mode,
    place,
    put32,
    put64,
    put_r,
    r,
    word_at,
)
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_i64,
    as_u32,
    as_u64,
    engine_record,
    give_back,
    repeats,
    uc_emu_stop,
)

take_exception = types.ExternalFunction("arm_cpu_do_interrupt_arm", types.void(types.intp))

HYPERCALL, SEMIHOST, EXCEPTION, TRAP_LOOP = (
    int(Kind.HYPERCALL),
    int(Kind.SEMIHOST),
    int(Kind.EXCEPTION),
    int(Kind.TRAP_LOOP),
)
KICK, DRAIN, FAIL = int(Kind.KICK), int(Kind.DRAIN), int(Kind.FAIL)
SCTLR, VBAR, SCR, MVBAR, TTBCR = (
    np.int64(Slot.SCTLR),
    np.int64(Slot.VBAR),
    np.int64(Slot.SCR),
    np.int64(Slot.MVBAR),
    np.int64(Slot.TTBCR),
)
SYNDROME, FSR, VADDRESS, TARGET_EL = (
    np.int64(Slot.SYNDROME),
    np.int64(Slot.FSR),
    np.int64(Slot.VADDRESS),
    np.int64(Slot.TARGET_EL),
)
HIGH_VECTORS = U(0xFFFF_0000)
CAUSE_UNDEFINED, CAUSE_SUPERVISOR, CAUSE_PREFETCH, CAUSE_DATA = (
    np.int64(1),
    np.int64(2),
    np.int64(3),
    np.int64(4),
)
CAUSE_BREAKPOINT, CAUSE_MONITOR = np.int64(8), np.int64(9)
EXTERNAL_ABORT, LONG_EXTERNAL_ABORT, WRITE = U(0x008), U(0x210), U(1 << 11)  # [a B3.13.3, B3.13.4]
BREAKPOINT_SYNDROME, ABORT_SYNDROME = U(0x38 << 26), U(0x25 << 26)
SEMIHOST_A32, SEMIHOST_T32 = U(0x123456), U(0xAB)


@njit
def present(engine: Record, slot: Word) -> Word:
    """Whether this model has the register of a layout's entry."""
    return carray(as_i64(np.intp(engine.layout)), 1 << 8)[slot] >= 0


@njit
def secure(engine: Record) -> Word:
    """Whether the processor is in Secure state, where it has one [a B1.5.1]."""
    if not present(engine, SCR):
        return False
    return mode(engine) == U(MON) or get64(engine, SCR) & U(1) == U(0)


@njit
def banked64(engine: Record, slot: Word, bank: Word) -> Word:
    """A register of which the engine keeps one for each exception level: bank 0 the non-secure, 2 the secure one."""
    return carray(as_u64(place(engine, slot)), 3)[bank]


@njit
def vector(engine: Record, cause: Word) -> Word:
    """Address of the vector that an exception to the current security state goes to [a B1.8.1]."""
    bank = np.int64(2) if secure(engine) else np.int64(0)
    if cause == CAUSE_MONITOR:
        return get32(engine, MVBAR) + U(8)
    offset = U(4) * U(CAUSE_PREFETCH if cause == CAUSE_BREAKPOINT else cause)
    sctlr = banked64(engine, SCTLR, bank)
    if sctlr & U(1 << 13) != U(0):
        return HIGH_VECTORS + offset
    return (banked64(engine, VBAR, bank) if present(engine, VBAR) else U(0)) + offset


@njit
def trap(engine: Record, control: Record, number: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take exception `number` of the engine's, with r15 as its function wants it; 0, or a Kind to leave with.

    `value` is what a debugger shows. Nothing is changed where the exception cannot be taken: it repeats with nothing
    retired between, or its vector holds nothing.
    """
    if engine.exception == U(0) or engine.context != U(0):
        control.cause = U(0)
        return FAIL
    again = repeats(control, cause, pc)
    log(engine, control, TRAP_EVENT, pc, cause, value)
    if again or word_at(engine, np.int64(vector(engine, cause))) == U(0):
        control.cause, control.fault_address = U(cause), U(value)
        put_r(engine, PC, pc)
        return TRAP_LOOP if again else EXCEPTION
    index = carray(as_u32(np.intp(engine.exception)), 1)
    before = index[0]
    index[0] = np.uint32(number)
    take_exception(np.intp(engine.cpu))
    index[0] = before
    return 0


@njit
def finish(engine: Record, control: Record, uc: Word, left: Word) -> None:
    """After an exception in a hook: leave where it could not be taken, or somebody asked for it."""
    if left != 0:
        control.kind = U(left)
        uc_emu_stop(uc)
    elif engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size:
        control.kind = U(DRAIN)
        uc_emu_stop(uc)
    elif control.kick != U(0):
        control.kind = U(KICK)
        uc_emu_stop(uc)


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: r15 is after an svc or smc, at any other instruction."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    pc = np.int64(r(engine, PC))
    control.latch_count = U(0)
    thumb = get32(engine, THUMB) != U(0)
    value = U(0)
    if number == SUPERVISOR:
        cause = CAUSE_SUPERVISOR
        pc -= 2 if thumb else 4
        word = instruction_at(engine, pc)
        comment = word & (U(0xFF) if thumb else U(0xFFFFFF))
        if control.semihosting != U(0) and comment == (SEMIHOST_T32 if thumb else SEMIHOST_A32):
            give_back(engine, control, pc)
            put_r(engine, PC, pc)
            control.kind = U(SEMIHOST)
            uc_emu_stop(uc)
            return
        value = comment
    elif number == PREFETCH:
        cause = CAUSE_PREFETCH
        value = get64(engine, VADDRESS)
    elif number == DATA:
        cause = CAUSE_DATA
        give_back(engine, control, pc)
        value = get64(engine, VADDRESS)
    elif number == BREAKPOINT:
        cause = CAUSE_BREAKPOINT
        give_back(engine, control, pc)
        value = U(pc)
    elif number == MONITOR:
        cause = CAUSE_MONITOR
        pc -= 4
    else:
        control.kind, control.cause = U(FAIL), U(0)
        uc_emu_stop(uc)
        return
    left = trap(engine, control, np.int64(number), cause, pc, value)
    if left != 0 and number in (SUPERVISOR, MONITOR):
        give_back(engine, control, pc)
    finish(engine, control, uc, left)


@cfunc(types.boolean(types.intp, types.CPointer(engine_record)))
def on_invalid(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN_INVALID: an undefined instruction, `hvc` among them (no model has Hyp mode); or, over already, wfe or
    yield."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if engine.exception == U(0):
        control.kind, control.cause = U(FAIL), U(0)
        return False
    if carray(as_u32(np.intp(engine.exception)), 1)[0] == np.uint32(YIELD):
        if control.yields != U(0):
            control.yielded = U(1)
            control.limit = control.retired
        return True
    pc = np.int64(r(engine, PC))
    give_back(engine, control, pc)
    control.latch_count = U(0)
    word = instruction_at(engine, pc)
    call = U(HVC_T32) if get32(engine, THUMB) != U(0) else U(HVC_A32)
    if word == call and mode(engine) != U(USR) and control.hypercalls & U(1) != U(0):
        control.kind = U(HYPERCALL)
        return False
    put64(engine, SYNDROME, U(0))
    put32(engine, TARGET_EL, U(1))
    left = trap(engine, control, UNDEFINED, CAUSE_UNDEFINED, pc, word)
    if left != 0:
        control.kind = U(left)
        return False
    finish(engine, control, uc, 0)
    return True


@njit
def abort(
    engine: Record, control: Record, number: Word, cause: Word, pc: Word, value: Word, status: Word
) -> Word:
    """A prefetch or data abort with this fault status, while the engine stands still; 0, or a Kind to leave with."""
    put32(engine, SYNDROME, BREAKPOINT_SYNDROME if cause == CAUSE_BREAKPOINT else ABORT_SYNDROME)
    put32(engine, FSR, status)
    put64(engine, VADDRESS, value)
    put32(engine, TARGET_EL, U(1))
    put_r(engine, PC, pc)
    return trap(engine, control, number, cause, pc, value)


@njit
def external(engine: Record) -> Word:
    """Fault status of a synchronous external abort, in the format of the tables."""
    long = present(engine, TTBCR) and get64(engine, TTBCR) & U(1 << 31) != U(0)
    return LONG_EXTERNAL_ABORT if long else EXTERNAL_ABORT


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: an external abort, as on a bus with nobody at that address; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    pc = np.int64(control.pc)
    status = external(engine)
    log(engine, control, UNMAPPED_EVENT, pc, control.access, control.address)
    if control.access == U(4):
        left = abort(engine, control, PREFETCH, CAUSE_PREFETCH, pc, U(pc), status)
    else:
        value = data_address(engine, pc, control.address)
        if control.access == U(2):
            status |= WRITE
        left = abort(engine, control, DATA, CAUSE_DATA, pc, value, status)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = r(engine, PC)
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take an exception while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    why, at = np.int64(cause), np.int64(pc)
    if why == CAUSE_PREFETCH:
        left = abort(engine, control, PREFETCH, why, at, value, external(engine))
    elif why == CAUSE_BREAKPOINT:
        left = abort(engine, control, BREAKPOINT, why, at, value, U(2))
    elif why == CAUSE_DATA:
        left = abort(engine, control, DATA, why, at, value, external(engine))
    else:
        put64(engine, SYNDROME, U(0))
        put32(engine, TARGET_EL, U(1))
        size = np.int64(2) if get32(engine, THUMB) != U(0) else np.int64(4)
        put_r(engine, PC, at + size if why == CAUSE_SUPERVISOR else at)
        number = SUPERVISOR if why == CAUSE_SUPERVISOR else UNDEFINED
        left = trap(engine, control, number, why, at, value)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = r(engine, PC)
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the hvc, svc or bkpt that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    size = U(4)
    if control.kind == U(SEMIHOST) and get32(engine, THUMB) != U(0):
        size = U(2)
    leave_it_block(engine)
    control.pc += size
    control.retired += U(1)
    return 0
