"""Counting what a guest does, where it happens: one row of counts is brought up to date, without memory of its own."""

from __future__ import annotations

import numba
import numpy as np
from numba import carray, cfunc, njit, types

from axvcpu.control import Kind
from emu.debug.exits import Event
from emu.statistics.records import BUCKETS, ENTRY, FOLD, OTHERS, TABLE, UNTIMED
from isa.native import Record, Word, as_control, as_engine, as_log, as_u64, leading_zeros, pointer_cast
from isa.records import LOG_INTERRUPT, LOG_TRAP, LOG_UNMAPPED

PyLong_AsSsize_t = types.ExternalFunction("PyLong_AsSsize_t", types.intp(types.intp))
PyLong_FromSsize_t = types.ExternalFunction("PyLong_FromSsize_t", types.intp(types.intp))

U = np.uint64
as_entries = pointer_cast(numba.from_dtype(ENTRY))
as_table = pointer_cast(numba.from_dtype(TABLE))
as_fold = pointer_cast(numba.from_dtype(FOLD))
READ, WRITE = U(Event.MMIO_READ), U(Event.MMIO_WRITE)
TRAP, INTERRUPT, FAULT = U(Event.TRAP), U(Event.INTERRUPT), U(Event.FAULT)
WRITTEN = U(Kind.MMIO_WRITE)
ALL, NO_TIME = U(OTHERS), U(UNTIMED)
MANY = 1 << 30
SPREAD_PC, SPREAD_ADDRESS, SPREAD_KIND = U(0x9E3779B97F4A7C15), U(0xC2B2AE3D27D4EB4F), U(0x165667B19E3779F9)
"""Odd constants spread the keys (fractions of the golden ratio and of its square)."""


@njit(inline="always")
def bucket(value: Word) -> Word:
    """Which bucket of a histogram counts `value`."""
    return min(np.int64(U(64) - leading_zeros(U(value))), BUCKETS - 1)


@njit
def place(table: Record, kind: Word, address: Word, pc: Word) -> Word:
    """The slot of a key, or the free one where it belongs."""
    slots = carray(as_u64(np.intp(table.slots)), MANY)
    entries = carray(as_entries(np.intp(table.entries)), MANY)
    mixed = pc * SPREAD_PC ^ address * SPREAD_ADDRESS ^ kind * SPREAD_KIND
    at = (mixed >> U(24)) & table.slots_mask
    while slots[at] != U(0):
        entry = entries[slots[at] - U(1)]
        if entry.pc == pc and entry.address == address and entry.kind == kind:
            break
        at = (at + U(1)) & table.slots_mask
    return at


@njit
def entry_of(table: Record, kind: Word, address: Word, pc: Word) -> Word:
    """The index of a key's entry. There is room for `most` entries, and one of each kind."""
    entries = carray(as_entries(np.intp(table.entries)), MANY)
    slots = carray(as_u64(np.intp(table.slots)), MANY)
    at = place(table, kind, address, pc)
    if slots[at] == U(0) and table.used >= table.most:
        address, pc = ALL, ALL
        at = place(table, kind, address, pc)
    if slots[at] == U(0):
        entry = entries[table.used]
        entry.kind, entry.address, entry.pc = kind, address, pc
        entry.least, entry.host_least = ALL, ALL
        table.used += U(1)
        slots[at] = table.used
    table.recent = slots[at] - U(1)
    return table.recent


@njit(inline="always")
def count(table: Record, kind: Word, address: Word, pc: Word, gap: Word, host: Word) -> None:
    """Count one; `gap`: instructions since the one before."""
    entries = carray(as_entries(np.intp(table.entries)), MANY)
    entry = entries[table.recent]
    if entry.pc != pc or entry.address != address or entry.kind != kind:
        entry = entries[entry_of(table, kind, address, pc)]
    entry.count += U(1)
    entry.sum += gap
    entry.least = min(entry.least, gap)
    entry.most = max(entry.most, gap)
    entry.between[bucket(gap)] += U(1)
    if host != NO_TIME:
        entry.timed += U(1)
        entry.host_sum += host
        entry.host_least = min(entry.host_least, host)
        entry.host_most = max(entry.host_most, host)
        entry.host[bucket(host)] += U(1)


@njit(inline="always")
def count_exit(fold: Record, kind: Word, address: Word, pc: Word, retired: Word, host: Word) -> None:
    table = carray(as_table(np.intp(fold.table)), 1)[0]
    last = fold.last_exit
    fold.last_exit = retired
    count(table, kind, address, pc, retired - last if retired >= last else retired, host)


@cfunc(types.int32(types.intp))
def count_access(address: Word) -> Word:
    """Count the access that the control block describes, which native code has answered."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    fold = carray(as_fold(np.intp(control.access_counts)), 1)[0]
    kind = WRITE if control.kind == WRITTEN else READ
    count_exit(fold, kind, control.address, control.pc, control.retired, NO_TIME)
    return 0


@cfunc(types.intp(types.intp, types.intp))
def count_answered(module: Word, argument: Word) -> Word:
    """Count the exit that a FOLD record describes: a function that Python calls with the record's address."""
    fold = carray(as_fold(PyLong_AsSsize_t(argument)), 1)[0]
    count_exit(fold, fold.kind, fold.address, fold.pc, fold.retired, fold.host)
    return PyLong_FromSsize_t(0)


@njit
def count_rows(fold: Record) -> None:
    """Count the traps, interrupts and faults among all rows."""
    rows = carray(as_log(np.intp(fold.rows)), MANY)
    table = carray(as_table(np.intp(fold.table)), 1)[0]
    fold.interrupts = U(0)
    for number in range(fold.count):
        row = rows[number]
        kind = row.kind
        if kind == U(LOG_TRAP):
            kind = TRAP
        elif kind == U(LOG_INTERRUPT):
            kind = INTERRUPT
            fold.interrupts += U(1)
        elif kind == U(LOG_UNMAPPED):
            kind = FAULT
        else:
            continue
        retired, last = row.retired, fold.last_trap
        fold.last_trap = retired
        count(table, kind, row.cause, U(0), retired - last if retired >= last else retired, NO_TIME)


@cfunc(types.intp(types.intp, types.intp))
def count_logged(module: Word, argument: Word) -> Word:
    """`count_rows` as a function that Python calls with the address of a FOLD record."""
    count_rows(carray(as_fold(PyLong_AsSsize_t(argument)), 1)[0])
    return PyLong_FromSsize_t(0)
