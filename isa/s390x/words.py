"""The PSW and the assigned storage locations, for compiled code; between `isa.native.save` and `restore`."""

from __future__ import annotations

import numpy as np
import unicorn.s390x_const as sc
from numba import carray, njit

from isa.native import (
    Record,
    Word,
    as_regions,
    as_u8,
    as_u64,
    get64,
    place,
    put64,
    restore,
    uc_reg_read,
    uc_reg_write,
)
from isa.s390x import state
from isa.s390x.layout import Slot

U = np.uint64
REG_PSWM = int(sc.UC_S390X_REG_PSWM)
C0, PREFIX, PSW_MASK, PSW_ADDRESS, OPERANDS = (
    int(Slot.C0),
    int(Slot.PREFIX),
    int(Slot.PSW_MASK),
    int(Slot.PSW_ADDRESS),
    int(Slot.OPERANDS),
)
PROGRAM_CODE, PROGRAM_LENGTH, CALL_CODE, CALL_LENGTH = (
    int(Slot.PROGRAM_CODE),
    int(Slot.PROGRAM_LENGTH),
    int(Slot.CALL_CODE),
    int(Slot.CALL_LENGTH),
)
BREAKING = int(Slot.BREAKING)
PSW_DAT, PSW_EXTERNAL, PSW_WAIT, PSW_PROBLEM = (
    state.PSW_DAT,
    state.PSW_EXTERNAL,
    state.PSW_WAIT,
    state.PSW_PROBLEM,
)
C0_LOW_PROTECTION = state.C0_LOW_PROTECTION

# Assigned storage locations [3-54]: real addresses
EXTERNAL_PARAMETER, EXTERNAL_CPU, EXTERNAL_CODE, CALL_AT, PROGRAM_AT, BREAKING_AT = (
    0x80,
    0x84,
    0x86,
    0x88,
    0x8C,
    0x110,
)
EXTERNAL_OLD, CALL_OLD, PROGRAM_OLD = 0x130, 0x140, 0x150
TO_NEW = 0x80
"""From an old PSW to its new PSW."""
LOW_CORE = 0x200


@njit
def low_core(engine: Record) -> Word:
    """Host address of the assigned storage locations, by the prefix; 0 where they are not in memory."""
    first = get64(engine, PREFIX)
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= first and first + U(LOW_CORE - 1) <= row.hi:
            return np.intp(row.host + (first - row.lo))
    return np.intp(0)


@njit
def load(at: Word, size: Word) -> Word:
    """A big-endian number at a host address."""
    data = carray(as_u8(at), 8)
    value = U(0)
    for i in range(size):
        value = value << U(8) | U(data[i])
    return value


@njit
def store(at: Word, size: Word, value: Word) -> None:
    data = carray(as_u8(at), 8)
    for i in range(size):
        data[i] = np.uint8(U(value) >> U(8 * (size - 1 - i)) & U(0xFF))


@njit
def settled_mask(engine: Record) -> Word:
    """The PSW's mask with the condition code, which the engine computes when it is asked; from then on it is there."""
    restore(engine)
    at = np.intp(engine.scratch)
    uc_reg_read(np.intp(engine.uc), np.int32(REG_PSWM), at)
    mask = carray(as_u64(at), 1)[0]
    if engine.context == U(0):
        put64(engine, PSW_MASK, mask)
        operands = carray(as_u64(place(engine, OPERANDS)), 3)
        operands[0], operands[1], operands[2] = U(0), U(0), U(0)
    return mask


@njit
def put_psw(engine: Record, mask: Word, address: Word) -> None:
    """The PSW; gives all that was changed to the engine."""
    put64(engine, PSW_ADDRESS, address)
    restore(engine)
    at = np.intp(engine.scratch)
    carray(as_u64(at), 1)[0] = U(mask)
    uc_reg_write(np.intp(engine.uc), np.int32(REG_PSWM), at)
