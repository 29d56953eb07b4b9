"""The M profile, native: what the engine's hooks report, as exceptions; interrupts; calls that leave the guest."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from isa.arm.layout import Slot
from isa.arm.m_exceptions import (
    BUS_FAULT,
    DEBUG_MONITOR,
    EXCEPTION_KIND,
    MEM_MANAGE,
    SV_CALL,
    UNSTKERR,
    USAGE_FAULT,
    enter,
    leave_exception,
    rebuild_flags,
)
from isa.arm.m_exceptions import (
    fault as take_fault,
)
from isa.arm.m_layout import Nvic
from isa.arm.m_nvic import (
    BEST,
    BEST_PRIORITY,
    ENABLED,
    PENDING,
    SYSTEM_PENDING,
    limit,
    look_at_lines,
    to_be_taken,
)
from isa.arm.m_words import BFAR, CONTROL, EXCEPTION, MMFAR, VTOR, banked, m, memory, own, put_m, put_own
from isa.arm.words import (
    BREAKPOINT,
    DATA,
    EXCEPTION_EXIT,
    HVC_T32,
    INVALID_STATE,
    NO_COPROCESSOR,
    PC,
    PREFETCH,
    SP,
    STACK_LIMIT,
    SUPERVISOR,
    THUMB,
    UNALIGNED,
    UNMAPPED_EVENT,
    YIELD,
    U,
    get32,
    get64,
    instruction_at,
    leave_it_block,
    log,
    put32,
    put_r,
    r,
)
from isa.fill import fill
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_u16,
    as_u32,
    engine_record,
    give_back,
    uc_emu_stop,
)

HYPERCALL, SEMIHOST, FAIL, KICK, DRAIN = (
    int(Kind.HYPERCALL),
    int(Kind.SEMIHOST),
    int(Kind.FAIL),
    int(Kind.KICK),
    int(Kind.DRAIN),
)
FSR, VADDRESS = np.int64(Slot.FSR), np.int64(Slot.VADDRESS)
RESET = np.int64(Nvic.RESET)
IACCVIOL, DACCVIOL = U(1), U(1 << 1 | 1 << 7)
IBUSERR, PRECISERR = U(1 << 8), U(1 << 9 | 1 << 15)
UNDEFINSTR, INVSTATE, NOCP, STKOF, UNALIGNED_BIT = (
    U(1 << 16),
    U(1 << 17),
    U(1 << 19),
    U(1 << 20),
    U(1 << 24),
)
SEMIHOST_BKPT = U(0xBEAB)


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


@njit
def hide(engine: Record, control: Record) -> None:
    """What waits and cannot be taken now is looked at again at every block."""
    waiting = own(engine, SYSTEM_PENDING) | own(engine, PENDING) & own(engine, ENABLED)
    control.lines_hidden = waiting
    if waiting != U(0):
        control.attention = U(1)


@njit
def take_waiting(engine: Record, control: Record, pc: Word) -> Word:
    """Take what waits, if it can be; 0, or a Kind to leave with."""
    left = 0
    if to_be_taken(engine):
        number = np.int64(own(engine, BEST))
        if enter(engine, control, number, pc) != 0:
            control.cause, control.fault_address = U(number), U(0)
            left = EXCEPTION_KIND
    hide(engine, control)
    return left


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: the pc is after an svc, at any other instruction; after a return from an exception it is what the
    link register held."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    pc = r(engine, PC)
    control.latch_count = U(0)
    if number == EXCEPTION_EXIT:
        excret = pc | get32(engine, THUMB)
        trouble = leave_exception(engine, control, excret)
        if trouble == U(0):
            left = take_waiting(engine, control, r(engine, PC))
        else:
            put32(engine, THUMB, U(1))
            why = BUS_FAULT if trouble == UNSTKERR else USAGE_FAULT
            left = take_fault(engine, control, why, trouble, excret, excret)
        finish(engine, control, uc, left)
        return
    if number == SUPERVISOR:
        at = pc - U(2)
        left = take_fault(engine, control, SV_CALL, U(0), pc, instruction_at(engine, np.int64(at)) & U(0xFF))
        if left != 0:
            give_back(engine, control, np.int64(at))
            put_r(engine, PC, at)
        finish(engine, control, uc, left)
        return
    if number != PREFETCH:
        give_back(engine, control, np.int64(pc))
    value, why, bits = U(pc), USAGE_FAULT, U(0)
    if number == PREFETCH:
        why, bits = MEM_MANAGE, IACCVIOL
    elif number == DATA:
        value = get64(engine, VADDRESS)
        if get32(engine, FSR) & U(15) == U(1):
            bits = UNALIGNED_BIT
        else:
            why, bits = MEM_MANAGE, DACCVIOL
            put_m(engine, banked(engine, MMFAR), value)
    elif number == BREAKPOINT:
        word = instruction_at(engine, np.int64(pc))
        if control.semihosting != U(0) and word == SEMIHOST_BKPT:
            control.kind = U(SEMIHOST)
            uc_emu_stop(uc)
            return
        why = DEBUG_MONITOR
    elif number == NO_COPROCESSOR:
        bits = NOCP
    elif number == INVALID_STATE:
        bits = INVSTATE
    elif number == STACK_LIMIT:
        bits = STKOF
    elif number == UNALIGNED:
        bits = UNALIGNED_BIT
    else:
        control.kind, control.cause = U(FAIL), U(0)
        uc_emu_stop(uc)
        return
    left = take_fault(engine, control, why, bits, pc, value)
    finish(engine, control, uc, left)


@cfunc(types.boolean(types.intp, types.CPointer(engine_record)))
def on_invalid(uc: Word, user: Record) -> Word:
    """UC_HOOK_INSN_INVALID: an undefined instruction, of which one encoding is the hypercall; code that is not T32; or,
    over already, wfe or yield."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if engine.exception == U(0):
        control.kind, control.cause = U(FAIL), U(0)
        return False
    reason = carray(as_u32(np.intp(engine.exception)), 1)[0]
    if reason == np.uint32(YIELD):
        if control.yields != U(0):
            control.yielded = U(1)
            control.limit = control.retired
        return True
    pc = r(engine, PC)
    give_back(engine, control, np.int64(pc))
    control.latch_count = U(0)
    bits, value = UNDEFINSTR, instruction_at(engine, np.int64(pc))
    privileged = m(engine, EXCEPTION) != U(0) or m(engine, banked(engine, CONTROL)) & U(1) == U(0)
    if reason == np.uint32(INVALID_STATE):
        bits = INVSTATE
    elif value == U(HVC_T32) and privileged and control.hypercalls & U(1) != U(0):
        control.kind = U(HYPERCALL)
        return False
    left = take_fault(engine, control, USAGE_FAULT, bits, pc, value)
    if left != 0:
        control.kind = U(left)
        return False
    finish(engine, control, uc, 0)
    return True


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: a BusFault; 0, or a Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    log(engine, control, UNMAPPED_EVENT, control.pc, control.access, control.address)
    if control.access == U(4):
        left = take_fault(engine, control, BUS_FAULT, IBUSERR, control.pc, control.pc)
    else:
        put_m(engine, BFAR, control.address)
        left = take_fault(engine, control, BUS_FAULT, PRECISERR, control.pc, control.address)
    if left != 0:
        control.kind = U(left)
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take an exception while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    bits = UNDEFINSTR if cause == U(USAGE_FAULT) else U(0)
    left = take_fault(engine, control, np.int64(cause), bits, pc, value)
    if left != 0:
        control.kind = U(left)
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Go past the hvc or bkpt that was answered: it counts as retired."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    leave_it_block(engine)
    control.pc += U(2) if control.kind == U(SEMIHOST) else U(4)
    control.retired += U(1)
    return 0


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Look at the lines, and take what can be; 1 if wfi goes on: something waits that only PRIMASK holds back
    [m B1.5.19]."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    look_at_lines(engine, control)
    wakes = own(engine, BEST) != U(0) and own(engine, BEST_PRIORITY) < limit(engine, False)
    if to_be_taken(engine):
        enter(engine, control, np.int64(own(engine, BEST)), control.pc)
    hide(engine, control)
    return 1 if wakes else 0


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Whether what waits can be taken now."""
    return 1 if to_be_taken(carray(as_engine(address), 1)[0]) else 0


@cfunc(types.uint64(types.intp))
def begin(address: Word) -> Word:
    """Where to enter. After reset the stack pointer comes from the vector table, and the pc too, if it is the table's
    address [m B1.5.5]."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if own(engine, RESET) != U(0):
        put_own(engine, RESET, U(0))
        table = memory(engine, m(engine, banked(engine, VTOR)), 8)
        if table != 0:
            words = carray(as_u32(table), 2)
            if r(engine, SP) == U(0):
                put_r(engine, SP, U(words[0]) & ~U(3))
            if control.pc == m(engine, banked(engine, VTOR)):
                control.pc = U(words[1])
    if control.pc & U(1) != U(0):
        control.pc &= ~U(1)
        put32(engine, THUMB, U(1))
    rebuild_flags(np.intp(engine.state))
    return control.pc | get32(engine, THUMB)


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, address: Word) -> Word:
    """Bytes of the instruction at a host address [m A5.1]; without T it is one word, which raises an exception."""
    if get32(carray(as_engine(address), 1)[0], THUMB) == U(0):
        return 4
    return 4 if carray(as_u16(at), 1)[0] >= np.uint16(0xE800) else 2


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, address: Word) -> Word:
    """Is the instruction at a host address `wfi`?"""
    half = carray(as_u16(at), 2)
    return 1 if half[0] == np.uint16(0xBF30) or (half[0] == np.uint16(0xF3AF) and half[1] == 0x8003) else 0


@cfunc(
    types.boolean(types.intp, types.uint64, types.int32, types.intp, types.CPointer(engine_record)),
)
def on_fill(uc: Word, address: Word, kind: Word, entry: Word, user: Word) -> Word:
    """UC_HOOK_TLB_FILL: identity; there is no MPU (`m_scs`)."""
    return fill(carray(user, 1)[0], address, kind, entry)
