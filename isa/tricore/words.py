"""TriCore registers and guest memory, for compiled code.

Registers are those of the engine's CPU state (`layout`): `save` comes first, `restore` puts what was changed into the
engine; where the state is the engine's own, in place, they do nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, njit, types

from isa.native import (
    Record,
    Word,
    as_regions,
    as_u32,
    control_record,
    engine_record,
    place,
)
from isa.tricore import state
from isa.tricore.layout import Slot

U = np.uint64
ENGINE, CONTROL, I64, BOOL = engine_record, control_record, types.int64, types.boolean
A0, D0, PCXI, PSW, FLAGS, PC = (
    int(slot) for slot in (Slot.A0, Slot.D0, Slot.PCXI, Slot.PSW, Slot.FLAGS, Slot.PC)
)
BIV, BTV, ISP, ICR, FCX, LCX = (
    int(slot) for slot in (Slot.BIV, Slot.BTV, Slot.ISP, Slot.ICR, Slot.FCX, Slot.LCX)
)
KEPT = state.KEPT


def flat(result: Any, *arguments: Any) -> Any:  # noqa: ANN401
    """Compile a function once, for these types: each kind of integer that it is called with would make another."""
    return njit(result(*arguments))


highest = flat(I64, I64)(state.highest)


@flat(I64, ENGINE, I64, I64)
def word(engine: Record, slot: Word, index: Word) -> Word:
    """The 32-bit word `index` of an array in the state."""
    return np.int64(carray(as_u32(place(engine, slot)), 16)[index])


@flat(types.void, ENGINE, I64, I64, I64)
def put_word(engine: Record, slot: Word, index: Word, value: Word) -> None:
    carray(as_u32(place(engine, slot)), 16)[index] = np.uint32(value & 0xFFFFFFFF)


@flat(I64, ENGINE)
def psw(engine: Record) -> Word:
    """PSW with the flags of the last results."""
    value = word(engine, PSW, 0) & KEPT
    for i in range(5):
        flag = word(engine, FLAGS, i)
        if flag >> 31 != 0 or (i == 0 and flag != 0):
            value |= 1 << (31 - i)
    return value


@flat(types.void, ENGINE, I64)
def put_psw(engine: Record, value: Word) -> None:
    put_word(engine, PSW, 0, value)
    for i in range(5):
        put_word(engine, FLAGS, i, (value >> (31 - i) & 1) << 31)


@flat(types.intp, ENGINE, I64)
def host_address(engine: Record, address: Word) -> Word:
    """Where the 64 bytes of a context at a guest address are in this process; 0 where there is no memory."""
    where = U(address & 0xFFFFFFFF)
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= where and where + U(63) <= row.hi:
            return np.intp(row.host + (where - row.lo))
    return np.intp(0)
