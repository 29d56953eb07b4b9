"""The native run loop: enter the engine, finish natively what can be, come back with an exit.

``enter(engine block)`` returns a `Kind`. It goes on without Python through architectural traps, interrupts, device
registers with a native behaviour, and the two halves of every latched access. It never allocates and never raises.

An exact stop at instruction `limit` is two runs: by whole blocks while they fit, then a block that is translated to hold
just the instructions that remain. An engine that cannot be told how long a block is to be gets the address behind them
as its one exit address, which is known because the rest is straight-line code.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import CONTROL, LATCH_ENTRIES, Kind
from emu.engine.answers import native_answer
from emu.engine.count_hooks import spans_full
from emu.engine.watch_hooks import HIT as WATCH_HIT
from emu.engine.watch_hooks import STEP as WATCH_STEP
from emu.engine.watch_hooks import begin_step, due, stepped
from isa.native import (
    Record,
    Word,
    as_control,
    as_engine,
    as_hooks,
    as_u32,
    as_u64,
    call_code,
    call_deliver,
    call_engine,
    call_place,
    give_back,
    hooks_full,
    instruction_place,
    note_access,
    tell_exit,
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
AGAIN, TRAP_LOOP = int(Kind.AGAIN), int(Kind.TRAP_LOOP)
IO_READ, IO_WRITE = int(Kind.IO_READ), int(Kind.IO_WRITE)
SYSREG_READ, SYSREG_WRITE = int(Kind.SYSREG_READ), int(Kind.SYSREG_WRITE)
STOP, FAIL = int(Kind.STOP), int(Kind.FAIL)
WATCH, WATCHPOINT = int(Kind.WATCH), int(Kind.WATCHPOINT)
WHOLE_BLOCKS = np.uint32(0xFFFFFFFF)
FETCH = U(4)
STANDSTILL = 5000
"""Entries in a row that retire nothing, until it counts as a loop: an interrupt, say, that finds no stack."""
PC_OFFSET = int(np.dtype(CONTROL).fields["pc"][1])  # type: ignore[index]


@njit
def address_after(engine: Record, pc: Word, count: Word) -> Word:
    """Address of the instruction `count` instructions after `pc` in straight-line code; 0 where it cannot be read.

    Notes whether the one before it is a halt.
    """
    length = np.intp(engine.length)
    block = np.intp(engine.address)
    offset: Word = np.int64(0)
    halted = False
    for _ in range(count):
        at = instruction_place(engine, pc + offset)
        if at == 0:
            return 0
        halted = engine.halts != U(0) and call_code(np.intp(engine.halts), at, block) != 0
        offset += np.int64(engine.code_size) if length == 0 else call_code(length, at, block)
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


@njit
def answer_natively(engine: Record, control: Record) -> Word:
    """Answer the open access from the dispatch table; the first of what `native_answer` says."""
    if engine.exits_logged != U(0) and engine.log_head + U(8) >= engine.log_size:
        return 2
    done, value = native_answer(engine, control)
    if done == 1:
        if not add_answer(control, value):
            return 0
        control.exits += U(1)
        note_access(engine, control, value)
        tell_exit(engine, control.data if control.kind == U(MMIO_WRITE) else U(value))
    return done


@njit
def end_exact(engine: Record, uc: Word) -> None:
    """The run to an exit address is over: no exit any more, and no block that holds one."""
    if engine.until_set != U(0):
        engine.until_set = U(0)
        uc_ctl_2(uc, UC_CTL_EXITS_WRITE, engine.scratch, U(0))
        uc_ctl_2(uc, UC_CTL_REMOVE_CACHE_WRITE, engine.until - U(1), engine.until + U(2))


@njit
def begin_exact(engine: Record, control: Record, uc: Word, count: Word) -> Word:
    """Have the run stop `count` instructions on: by a next block of so many, or by making the address there the run's
    exit. False where the code cannot be read."""
    if engine.step != U(0):
        carray(as_u32(np.intp(engine.step)), 1)[0] = np.uint32(count)
        return True
    pc = np.int64(control.pc + engine.code_base)
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
    start, end = control.block_pc, control.pc + engine.code_base
    if (
        engine.step != U(0)  # then there are no exit addresses
        or engine.halts == U(0)
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
        if kind in (MMIO_READ, IO_READ, SYSREG_READ):
            tell_exit(engine, control.answer)
        if kind in (MMIO_READ, MMIO_WRITE):
            add_answer(control, control.answer)
        elif kind in (HYPERCALL, SEMIHOST, IO_READ, IO_WRITE, SYSREG_READ, SYSREG_WRITE):
            call_engine(np.intp(engine.advance), address)
    exact: Word = np.int64(0)
    engine.stirred = U(1)
    seen, entries = control.retired, 0
    while True:
        if control.latch_count != U(0) and control.retired > control.latch_retired:
            control.latch_count = U(0)
        if control.kick != U(0):
            return KICK
        watch = due(engine, control) if engine.watching != U(0) else np.int64(0)
        if watch == WATCH_HIT:
            return WATCHPOINT
        limit = min(control.deadline, control.event_at)
        if control.latch_count == U(0):
            hidden = engine.takes != U(0) and control.lines_hidden != U(0)
            if control.lines != control.lines_told or hidden:
                call_engine(np.intp(engine.tell_lines), address)
                engine.stirred = U(1)
        elif control.lines != control.lines_told:  # not before the instruction that raised it has committed
            limit = min(limit, control.retired + U(1))
            exact = 1
        if control.retired >= control.event_at:
            return EVENT
        if control.retired >= control.deadline:
            return DEADLINE
        if control.yielded != U(0):
            return TURN
        if watch == WATCH_STEP:
            limit = min(limit, control.retired + U(1))
            exact = 1
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
        control.recall = U(0)
        watched = control.latch_count | control.counter_register | control.lines_hidden
        watched |= engine.log_on & engine.stirred | engine.level_on | engine.resuming
        full = engine.blocks_used > engine.blocks_mask >> U(1) or spans_full(engine) or hooks_full(engine)
        full = full or (engine.log_on != U(0) and engine.log_head + U(8) >= engine.log_size)
        control.attention = U(1) if full or watched != U(0) else U(0)
        start = control.pc
        if engine.begin != U(0):
            start = call_place(np.intp(engine.begin), address)
        error = uc_emu_start(uc, start, U(0), U(0), U(0))
        uc_reg_read(uc, np.int32(engine.pc_register), np.intp(engine.control) + PC_OFFSET)
        if engine.step != U(0):
            carray(as_u32(np.intp(engine.step)), 1)[0] = WHOLE_BLOCKS
        if engine.settle != U(0):
            call_engine(np.intp(engine.settle), address)
        at = np.int64(control.pc + engine.code_base)
        if engine.until_set != U(0):
            end_exact(engine, uc)
            reached = control.kind == U(NONE) and error == 0 and U(at) == engine.until
            if reached and engine.until_halts == U(0):
                continue
        kind = np.int64(control.kind)
        if kind in (MMIO_READ, MMIO_WRITE):
            give_back(engine, control, at)
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
            if done == 4:
                if control.kind == U(NONE):
                    continue
                return np.int64(control.kind)
            if done == 3:
                return EVENT
            return kind if done == 0 else DRAIN
        if kind in (STOP, AGAIN, NONE):
            if control.retired != seen:
                seen, entries = control.retired, 0
            entries += 1
            if entries > STANDSTILL:
                control.kind = U(TRAP_LOOP)
                return TRAP_LOOP
        if kind == WATCH:
            give_back(engine, control, at)
            begin_step(engine, control)
            continue
        if kind == STOP:
            if engine.watching != U(0) and stepped(engine, control):
                continue
            if control.retired + control.stop_count > control.turn_at:
                return TURN
            exact = np.int64(limit - control.retired)
            if engine.break_ahead != U(0):
                exact = np.int64(engine.break_ahead)
                engine.break_ahead = U(0)
            continue
        if kind == NONE:
            if error == 0:
                if not is_halted(engine, control):
                    uc_ctl_2(uc, UC_CTL_REMOVE_CACHE_WRITE, U(at) - U(1), U(at) + U(2))
                    continue
                give_back(engine, control, at)
                if call_engine(np.intp(engine.tell_lines), address) != 0:
                    control.yielded, engine.stirred = control.yields, U(1)
                    continue  # an interrupt is pending already: the halt is over as it begins
                control.kind = U(HALT)
                return HALT
            control.kind, control.cause = U(FAIL), U(error)
            return FAIL
        if kind == UNMAPPED:
            if control.access != FETCH:
                give_back(engine, control, at)
            control.latch_count = U(0)
            if control.unmapped == U(0) and call_engine(np.intp(engine.fault), address) == 0:
                continue
            return np.int64(control.kind)
        if kind == AGAIN:
            continue
        if kind == DELIVER:
            give_back(engine, control, at)
            taken = call_deliver(
                np.intp(engine.deliver), address, control.cause, control.pc, control.fault_address
            )
            if taken == 0:
                continue
            return taken
        if kind in (IO_READ, IO_WRITE, SYSREG_READ, SYSREG_WRITE) or (
            kind == TRANSLATE and control.access != FETCH
        ):
            give_back(engine, control, at)
            if kind == TRANSLATE and engine.hooks != U(0):
                hooks = carray(as_hooks(np.intp(engine.hooks)), 1)[0]
                hooks.again, hooks.again_pc, hooks.again_retired = U(1), U(at), control.retired
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
    if kind in (MMIO_WRITE, IO_WRITE, SYSREG_WRITE, HALT, HYPERCALL, SEMIHOST):
        tell_exit(engine, control.data)
    control.left[kind] += U(1)
    PyEval_RestoreThread(thread)
    return PyLong_FromSsize_t(kind)
