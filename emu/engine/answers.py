"""Accesses that native code answers: what the dispatch table says of a device register."""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from axvcpu.hot import lookup
from isa.native import Record, Word, as_ring, as_rows, call_engine, guest_time

U = np.uint64
LATCH, RING, CLOCK, SKIP = 1, 2, 3, 4


@njit(error_model="numpy")  # a division by zero has a value
def native_answer(engine: Record, control: Record) -> tuple[Word, Word]:
    """Look the access up in the dispatch table. First 1 answered, 0 for Python, 2 the ring must be drained first, 3 an
    alarm must be rung first, 4 the guest is elsewhere now; second the answer, cut to the access."""
    value = U(0)
    if engine.own_register != U(0):
        done = call_engine(np.intp(engine.own_register), np.intp(engine.address))
        if done != 0:
            return done, control.data
    if engine.exits_leave != U(0):
        return 0, value
    rows = carray(as_rows(np.intp(engine.rows)), 1 << 20)
    i = lookup(rows, engine.rows_count, control.kind, control.address, control.width)
    if i < 0:
        return 0, value
    row = rows[i]
    if row.enabled == U(0):
        return 0, value
    action = row.action
    shift = U(8) * (control.address - row.lo)
    if action == LATCH:
        value = row.value >> shift if shift < U(64) else U(0)
    elif action == CLOCK:
        time = guest_time(engine, control)
        if control.host_clock != U(0) and time >= control.event_ns:
            return 3, value
        value = (time // row.period + row.value) >> shift if shift < U(64) else U(0)
    elif action == RING:
        if engine.ring_head >= engine.ring_size:
            return 2, value
        slot = carray(as_ring(np.intp(engine.ring)), 1 << 30)[engine.ring_head]
        slot.row, slot.address, slot.width, slot.value = (
            control.window,
            control.address,
            control.width,
            control.data,
        )
        engine.ring_head += U(1)
    elif action != SKIP:
        return 0, value
    if control.width < U(8):
        value &= (U(1) << (U(8) * control.width)) - U(1)
    return 1, value
