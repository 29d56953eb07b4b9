"""The native run loop: enter the engine, finish natively what can be, come back with an exit.

``enter(engine block)`` returns a `Kind`. It goes on without Python through architectural traps, interrupts, device
registers with a native behaviour, and the two halves of every latched access. It never allocates and never raises.

An exact stop at instruction `limit` is two runs: by whole blocks while they fit, then to the address of the remaining
instruction, which is known because the rest is straight-line code, as the engine's one exit address.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import CONTROL, LATCH_ENTRIES, NEVER, Kind
from axvcpu.hot import lookup
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_ring,
    as_rows,
    as_u64,
    call_deliver,
    call_engine,
    call_word,
    code_at,
    give_back,
    guest_time,
    uc_ctl_2,
    uc_emu_start,
    uc_reg_read,
    walk,
)
from isa.records import UC_CTL_EXITS_WRITE, UC_CTL_REMOVE_CACHE_WRITE

PyLong_AsSsize_t = types.ExternalFunction("PyLong_AsSsize_t", types.intp(types.intp))
PyLong_FromSsize_t = types.ExternalFunction("PyLong_FromSsize_t", types.intp(types.intp))
PyEval_SaveThread = types.ExternalFunction("PyEval_SaveThread", types.intp())
PyEval_RestoreThread = types.ExternalFunction("PyEval_RestoreThread", types.void(types.intp))

U = np.uint64
NONE = int(Kind.NONE)
MMIO_READ, MMIO_WRITE = int(Kind.MMIO_READ), int(Kind.MMIO_WRITE)
HALT, HYPERCALL, SEMIHOST = int(Kind.HALT), int(Kind.HYPERCALL), int(Kind.SEMIHOST)
DEADLINE, EVENT, TURN, KICK, DRAIN = (
    int(Kind.DEADLINE),
    int(Kind.EVENT),
    int(Kind.TURN),
    int(Kind.KICK),
    int(Kind.DRAIN),
)
UNMAPPED, TRANSLATE, DELIVER = int(Kind.UNMAPPED), int(Kind.TRANSLATE), int(Kind.DELIVER)
AGAIN = int(Kind.AGAIN)
STOP, FAIL = int(Kind.STOP), int(Kind.FAIL)
RETURN, LATCH, RING, CLOCK, SKIP = 0, 1, 2, 3, 4
ENDLESS = U(NEVER)
FETCH = U(4)
PC_OFFSET = int(np.dtype(CONTROL).fields["pc"][1])  # type: ignore[index]


@njit
def address_after(engine: Record, pc: Word, count: Word) -> Word:
    """Address of the instruction `count` instructions after `pc` in straight-line code; 0 where it cannot be read.

    Notes whether the one before it is a halt.
    """
    length = np.intp(engine.length)
    offset, last = 0, 0
    at = code_at(engine, pc, 4 * count)
    if at != 0:
        for _ in range(count):
            last = at + offset
            offset += call_word(length, at + offset)
    else:
        for _ in range(count):  # near the end of a page: one instruction after the other
            last = code_at(engine, pc + offset, 2)
            if last == 0:
                return 0
            offset += call_word(length, last)
        last = code_at(engine, pc + offset - 4, 4)
    halted = last != 0 and engine.halts != U(0) and call_word(np.intp(engine.halts), last) != 0
    engine.until_halts = U(1) if halted else U(0)
    return pc + offset


@njit
def add_answer(control: Record, value: Word) -> Word:
    """The open access gets its answer. False where one instruction makes too many accesses."""
    i = control.latch_next
    if i >= U(LATCH_ENTRIES):
        return False
    entry = control.latch[i]
    entry.kind, entry.address, entry.width, entry.value = (
        control.kind,
        control.address,
        control.width,
        U(value),
    )
    control.latch_count = i + U(1)
    return True


@njit(error_model="numpy")  # a division by zero has a value
def answer_natively(engine: Record, control: Record) -> Word:
    """Look the access up in the dispatch table: 1 answered, 0 for Python, 2 the ring must be drained first, 3 an alarm
    must be rung first."""
    rows = carray(as_rows(np.intp(engine.rows)), 1 << 20)
    i = lookup(rows, engine.rows_count, control.kind, control.address, control.width)
    if i < 0:
        return 0
    row = rows[i]
    if row.enabled == U(0):
        return 0
    action = row.action
    shift = U(8) * (control.address - row.lo)
    value = U(0)
    if action == LATCH:
        value = row.value >> shift if shift < U(64) else U(0)
    elif action == CLOCK:
        time = guest_time(engine, control)
        if control.host_clock != U(0) and time >= control.event_ns:
            return 3
        value = (time // row.period + row.value) >> shift if shift < U(64) else U(0)
    elif action == RING:
        if engine.ring_head >= engine.ring_size:
            return 2
        slot = carray(as_ring(np.intp(engine.ring)), 1 << 30)[engine.ring_head]
        slot.row, slot.address, slot.width, slot.value = (
            control.window,
            control.address,
            control.width,
            control.data,
        )
        engine.ring_head += U(1)
    elif action != SKIP:
        return 0
    if control.width < U(8):
        value &= (U(1) << (U(8) * control.width)) - U(1)
    if not add_answer(control, value):
        return 0
    control.exits += U(1)
    return 1


@njit
def end_exact(engine: Record, uc: Word) -> None:
    """The run to an exit address is over: no exit any more, and no block that holds one."""
    if engine.until_set != U(0):
        engine.until_set = U(0)
        uc_ctl_2(uc, UC_CTL_EXITS_WRITE, engine.scratch, U(0))
        uc_ctl_2(uc, UC_CTL_REMOVE_CACHE_WRITE, engine.until - U(1), engine.until + U(2))


@njit
def begin_exact(engine: Record, control: Record, uc: Word, count: Word) -> Word:
    """Make the address `count` instructions on the run's exit. False where the code cannot be read."""
    pc = np.int64(control.pc)
    until = address_after(engine, pc, count)
    if until == 0:
        return False
    engine.until, engine.until_set = U(until), U(1)
    carray(as_u64(np.intp(engine.scratch)), 1)[0] = U(until)
    uc_ctl_2(uc, UC_CTL_REMOVE_CACHE_WRITE, U(pc), U(until + 1))
    uc_ctl_2(uc, UC_CTL_EXITS_WRITE, engine.scratch, U(1))
    return True


@njit
def is_halted(engine: Record, control: Record) -> Word:
    """Whether a run that ended by itself ended at a halt, and not at the exit address of an earlier run.

    A block that holds one is forgotten by its virtual address, which finds nothing where a trap has left the mode that
    the block is for.
    """
    start, end = control.block_pc, control.pc
    if (
        engine.halts == U(0)
        or control.block_count == U(0)
        or end <= start
        or end > start + control.block_size
    ):
        return True
    count = walk(engine, np.int64(start), np.int64(end - start))
    if count == 0 or address_after(engine, np.int64(start), count) == 0:
        return True
    return engine.until_halts != U(0)


@njit
def run(address: Word, engine: Record, control: Record) -> Word:
    """Enter the engine again and again until a Kind is left that only Python can deal with."""
    uc = np.intp(engine.uc)
    if control.has_answer != U(0):
        control.has_answer = U(0)
        kind = np.int64(control.kind)
        if kind in (MMIO_READ, MMIO_WRITE):
            add_answer(control, control.answer)
        elif kind in (HYPERCALL, SEMIHOST):
            call_engine(np.intp(engine.advance), address)
    exact: Word = np.int64(0)
    while True:
        if control.latch_count != U(0) and control.retired > control.latch_retired:
            control.latch_count = U(0)
        if control.kick != U(0):
            return KICK
        limit = min(control.deadline, control.event_at)
        if control.lines != control.lines_told:
            if control.latch_count == U(0):
                call_engine(np.intp(engine.tell_lines), address)
            else:  # not before the instruction that raised it has committed
                limit = min(limit, control.retired + U(1))
                exact = 1
        if control.retired >= control.event_at:
            return EVENT
        if control.retired >= control.deadline:
            return DEADLINE
        if control.yielded != U(0):
            return TURN
        control.limit = min(limit, control.turn_at)
        if exact > 0 and not begin_exact(engine, control, uc, exact):
            control.kind, control.cause = U(FAIL), U(0)
            return FAIL
        exact = 0
        control.kind = U(NONE)
        control.stop_count = U(0)
        control.blocks = U(0)
        control.latch_next = U(0)
        control.latch_pieces = U(0)
        control.block_count = U(0)
        watched = control.latch_count | control.counter_register | control.lines_hidden | engine.log_on
        control.attention = U(1) if watched != U(0) else U(0)
        error = uc_emu_start(uc, control.pc, U(0), U(0), U(0))
        uc_reg_read(uc, np.int32(engine.pc_register), np.intp(engine.control) + PC_OFFSET)
        if engine.until_set != U(0):
            end_exact(engine, uc)
            reached = control.kind == U(NONE) and error == 0 and control.pc == engine.until
            if reached and engine.until_halts == U(0):
                continue
        kind = np.int64(control.kind)
        if kind in (MMIO_READ, MMIO_WRITE):
            give_back(engine, control, np.int64(control.pc))
            if control.latch_count == U(0) or control.pc != control.latch_pc:
                control.latch_count = U(0)
                control.latch_next = U(0)
            else:
                control.latch_count = control.latch_next
            control.latch_pc = control.pc
            control.latch_retired = control.retired
            done = answer_natively(engine, control)
            if done == 1:
                continue
            if done == 3:
                return EVENT
            return kind if done == 0 else DRAIN
        if kind == STOP:
            if control.retired + control.stop_count > control.turn_at:
                return TURN
            exact = np.int64(limit - control.retired)
            continue
        if kind == NONE:
            if error == 0:
                if not is_halted(engine, control):
                    uc_ctl_2(uc, UC_CTL_REMOVE_CACHE_WRITE, control.pc - U(1), control.pc + U(2))
                    continue
                give_back(engine, control, np.int64(control.pc))
                if call_engine(np.intp(engine.tell_lines), address) != 0:
                    control.yielded = control.yields
                    continue  # an interrupt is pending already: the halt is over as it begins
                control.kind = U(HALT)
                return HALT
            control.kind, control.cause = U(FAIL), U(error)
            return FAIL
        if kind == UNMAPPED:
            if control.access != FETCH:
                give_back(engine, control, np.int64(control.pc))
            control.latch_count = U(0)
            if control.unmapped == U(0) and call_engine(np.intp(engine.fault), address) == 0:
                continue
            return np.int64(control.kind)
        if kind == AGAIN:
            continue
        if kind == DELIVER:
            give_back(engine, control, np.int64(control.pc))
            taken = call_deliver(
                np.intp(engine.deliver), address, control.cause, control.pc, control.fault_address
            )
            if taken == 0:
                continue
            return taken
        if kind == TRANSLATE and control.access != FETCH:
            give_back(engine, control, np.int64(control.pc))
        return kind


@cfunc(types.intp(types.intp, types.intp))
def enter(module: Word, argument: Word) -> Word:
    """Run the loaded vCPU until something needs Python: a function that Python calls with the address of the engine
    block. Other Python threads run meanwhile."""
    address = PyLong_AsSsize_t(argument)
    thread = PyEval_SaveThread()
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    kind = run(address, engine, control)
    control.left[kind] += U(1)
    PyEval_RestoreThread(thread)
    return PyLong_FromSsize_t(kind)
