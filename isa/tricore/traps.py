"""TriCore, native: what the engine does not have of traps: bus errors, traps that nobody handles, calls to the VMM.

The engine takes its own traps at once and tells nobody: it saves the upper context, loads d15 (before that: the guest
loses it) and goes to BTV. Where no memory is there, as after a reset, the fetch fails, and that is how a trap without a
handler is seen. A call to the VMM is seen in the same way: a jump-and-link to an address where nothing is.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from axvcpu.control import STALE, Kind
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    engine_record,
    note,
    repeats,
    restore,
    save,
    uc_emu_stop,
    walk,
)
from isa.records import LOG_TRAP, LOG_UNMAPPED
from isa.tricore.contexts import FCD_TRAP, FCU_TRAP, enter_handler, restore_upper
from isa.tricore.words import A0, BTV, CONTROL, D0, ENGINE, I64, PC, U, flat, psw, put_word, word

HYPERCALL, EXCEPTION, TRAP_LOOP, FAIL = (
    int(Kind.HYPERCALL),
    int(Kind.EXCEPTION),
    int(Kind.TRAP_LOOP),
    int(Kind.FAIL),
)
GATE = 0xF0000000
"""Where a call to the VMM jumps to."""
PSE, DSE, DAE = 0x41, 0x42, 0x43
LOAD, STORE, FETCH = 1, 2, 4
CLASSES, SPACING = 8, 5  # trap classes, and the distance of their vectors as a power of 2
SYSTEM_CALL, CONTEXT = 6, 3
SUPERVISOR = 0x800


@flat(I64, ENGINE, CONTROL, I64, I64, I64)
def trap(engine: Record, control: Record, cause: Word, pc: Word, value: Word) -> Word:
    """Take a trap of the instruction at `pc`; 0, or a Kind to leave with."""
    again = repeats(control, cause, pc)
    if engine.log_on != U(0):
        note(engine, control, LOG_TRAP, pc, cause, value, 2)
    put_word(engine, PC, 0, pc)
    control.cause, control.fault_address = U(cause), U(value)
    if again:
        restore(engine)
        return np.int64(TRAP_LOOP)
    other, back = cause, pc
    for _ in range(3):  # the trap, that of a list which this has used up, that of one which holds nothing
        cause, vector = other, word(engine, BTV, 0) | (other >> 4) << SPACING
        other = enter_handler(engine, vector, back)
        if other == FCU_TRAP and cause == FCU_TRAP:  # then nothing is saved
            put_word(engine, A0, 11, back)
            put_word(engine, PC, 0, vector)
            other = np.int64(0)
        elif other == FCD_TRAP:
            back = vector
        if other == 0:
            break
    put_word(engine, D0, 15, cause & 15)
    restore(engine)
    return np.int64(0)


@flat(I64, ENGINE, CONTROL, I64)
def unhandled(engine: Record, control: Record, pc: Word) -> Word:
    """The fetch at `pc` failed: if it is a trap's vector, the trap, taken back, leaves as an exception; else 0."""
    offset = pc - word(engine, BTV, 0)
    if offset < 0 or offset >= CLASSES << SPACING or offset & ((1 << SPACING) - 1) != 0:
        return np.int64(0)
    kind, number = offset >> SPACING, word(engine, D0, 15)
    back = word(engine, A0, 11)
    if not (kind == CONTEXT and number == FCU_TRAP & 15):
        restore_upper(engine)
    at = back - 4 if kind == SYSTEM_CALL else back
    put_word(engine, PC, 0, at)
    restore(engine)
    control.pc = U(at)
    if kind == SYSTEM_CALL:
        number &= 15
    control.cause, control.fault_address = U(kind << 4 | (number & 15)), U(at)
    return np.int64(EXCEPTION)


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: the engine raises none of them."""
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.kind, control.cause = U(FAIL), U(0)
    uc_emu_stop(uc)


@cfunc(types.int32(types.intp))
def fault(address: Word) -> Word:
    """An access that nothing backs: a call to the VMM, a trap without a handler, or the guest's bus error; 0, or a
    Kind."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    pc, where = np.int64(control.pc), np.int64(control.address)
    if control.access == U(FETCH):
        if where == GATE and control.hypercalls & U(1) != U(0) and psw(engine) & SUPERVISOR != 0:
            control.kind = U(HYPERCALL)
            return HYPERCALL
        left = unhandled(engine, control, pc)
        if left != 0:
            control.kind = U(left)
            return left
    if engine.log_on != U(0):
        note(engine, control, LOG_UNMAPPED, pc, control.access, control.address, 2)
    cause = PSE if control.access == U(FETCH) else DSE if control.access == U(LOAD) else DAE
    left = trap(engine, control, cause, pc, where)
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = U(word(engine, PC, 0))
    return left


@cfunc(types.int32(types.intp, types.uint64, types.uint64, types.uint64))
def deliver(address: Word, cause: Word, pc: Word, value: Word) -> Word:
    """Take a trap while the engine stands still; 0, or a Kind to leave with."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    left = trap(engine, control, np.int64(cause), np.int64(pc), np.int64(value))
    if left != 0:
        control.kind = U(left)
    else:
        control.pc = U(word(engine, PC, 0))
    return left


@cfunc(types.int32(types.intp))
def advance(address: Word) -> Word:
    """Return from the call that was answered: its jump has been counted."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    control.pc = U(word(engine, A0, 11) & ~1)
    return 0


@cfunc(types.int32(types.intp))
def mend(address: Word) -> Word:
    """The block before this one held an instruction that may trap in its middle (`callbacks.inspect`). If it has, what
    came after that was not executed, but was charged: take it back. STALE lines make the run begin anew."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.counter_register = U(0)
    save(engine)
    offset = word(engine, PC, 0) - word(engine, BTV, 0)
    if offset < 0 or offset >= CLASSES << SPACING or offset & ((1 << SPACING) - 1) != 0:
        return 0
    start, size, at = np.int64(control.block_pc), np.int64(control.block_size), word(engine, A0, 11)
    if control.block_count == U(0) or at < start or at >= start + size:
        return 0
    done = np.int64(1)
    if at > start:
        done += np.int64(walk(engine, start, at - start))
    if U(done) < control.block_count:
        control.retired -= control.block_count - U(done)
        control.block_count = U(0)
        control.lines_told |= U(STALE)
    return 0
