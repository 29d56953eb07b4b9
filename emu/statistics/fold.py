"""Rows of native code's log into counts: one pass, without memory of its own."""

from __future__ import annotations

import numba
import numpy as np
from numba import carray, cfunc, njit, types

from emu.debug.exits import Event
from emu.statistics.records import BUCKETS, ENTRY, FOLD, LEFT, OTHERS, UNTIMED
from isa.native import Record, Word, as_log, as_u64, pointer_cast
from isa.records import LOG_INTERRUPT, LOG_READ, LOG_TRAP, LOG_UNMAPPED, LOG_WRITE

PyLong_AsSsize_t = types.ExternalFunction("PyLong_AsSsize_t", types.intp(types.intp))
PyLong_FromSsize_t = types.ExternalFunction("PyLong_FromSsize_t", types.intp(types.intp))

U = np.uint64
as_entries = pointer_cast(numba.from_dtype(ENTRY))
as_fold = pointer_cast(numba.from_dtype(FOLD))
READ, WRITE = U(Event.MMIO_READ), U(Event.MMIO_WRITE)
TRAP, INTERRUPT, FAULT = U(Event.TRAP), U(Event.INTERRUPT), U(Event.FAULT)
ALL, NO_TIME, FIRST_LEFT = U(OTHERS), U(UNTIMED), U(LEFT)
"""Odd constants spread the keys (fractions of the golden ratio and of its square)."""
SPREAD_PC, SPREAD_ADDRESS, SPREAD_KIND = U(0x9E3779B97F4A7C15), U(0xC2B2AE3D27D4EB4F), U(0x165667B19E3779F9)


@njit
def bucket(value: Word) -> Word:
    """Which bucket of a histogram counts `value`."""
    if value >= U(1 << BUCKETS - 2):
        return BUCKETS - 1
    length = 0
    for step in (32, 16, 8, 4, 2, 1):
        if value >> U(step) != U(0):
            value >>= U(step)
            length += step
    return length + (1 if value != U(0) else 0)


@njit
def place(fold: Record, kind: Word, address: Word, pc: Word) -> Word:
    """The slot of a key, or the free one where it belongs."""
    slots = carray(as_u64(np.intp(fold.slots)), 1 << 30)
    entries = carray(as_entries(np.intp(fold.entries)), 1 << 30)
    mixed = pc * SPREAD_PC ^ address * SPREAD_ADDRESS ^ kind * SPREAD_KIND
    at = (mixed >> U(24)) & fold.slots_mask
    while slots[at] != U(0):
        entry = entries[slots[at] - U(1)]
        if entry.pc == pc and entry.address == address and entry.kind == kind:
            break
        at = (at + U(1)) & fold.slots_mask
    return at


@njit
def fold_rows(fold: Record) -> None:
    """Count all rows. There is room for `most` entries, and one of each kind."""
    rows = carray(as_log(np.intp(fold.rows)), 1 << 30)
    entries = carray(as_entries(np.intp(fold.entries)), 1 << 30)
    slots = carray(as_u64(np.intp(fold.slots)), 1 << 30)
    last = carray(as_u64(np.intp(fold.last)), 2)
    fold.interrupts = U(0)
    for number in range(fold.count):
        row = rows[number]
        kind, address, pc, host, stream = row.kind, row.value, row.pc, NO_TIME, 0
        if kind >= FIRST_LEFT:
            kind, host = kind - FIRST_LEFT, row.cause
        elif kind == U(LOG_READ):
            kind = READ
        elif kind == U(LOG_WRITE):
            kind = WRITE
        else:
            stream, pc, address = 1, U(0), row.cause
            if kind == U(LOG_TRAP):
                kind = TRAP
            elif kind == U(LOG_INTERRUPT):
                kind = INTERRUPT
                fold.interrupts += U(1)
            elif kind == U(LOG_UNMAPPED):
                kind = FAULT
            else:
                continue
        at = place(fold, kind, address, pc)
        if slots[at] == U(0) and fold.used >= fold.most:
            address, pc = ALL, ALL
            at = place(fold, kind, address, pc)
        if slots[at] == U(0):
            entry = entries[fold.used]
            fold.used += U(1)
            slots[at] = fold.used
            entry.kind, entry.address, entry.pc = kind, address, pc
            entry.least, entry.host_least = ALL, ALL
        entry = entries[slots[at] - U(1)]
        gap = row.retired - last[stream] if row.retired >= last[stream] else row.retired
        last[stream] = row.retired
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


@cfunc(types.intp(types.intp, types.intp))
def fold(module: Word, argument: Word) -> Word:
    """`fold_rows` as a function that Python calls with the address of a FOLD record."""
    fold_rows(carray(as_fold(PyLong_AsSsize_t(argument)), 1)[0])
    return PyLong_FromSsize_t(0)
