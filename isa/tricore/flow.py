"""TriCore, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_engine, as_u16, save
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN
from isa.tricore.words import A0, U, word


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """call, fcall and jl in their forms; ret, fret and a jump to a11; rfe and rfm (TriCore 1.6 manual, volume 2)."""
    half = carray(as_u16(at), 2)
    low = np.int64(half[0])
    operation = low & 0xFF
    if low & 1 == 0:
        if operation == 0x5C:
            return FLOW_CALL
        if low == 0x8000:
            return FLOW_TRAP_RETURN
        return FLOW_RETURN if low in (0x9000, 0x7000) or low & 0x0FFF == 0x0BDC else FLOW_NONE
    high = np.int64(half[1])
    if operation in (0x6D, 0xED, 0x61, 0xE1, 0x5D, 0xDD):
        return FLOW_CALL
    if operation == 0x2D:  # through a register
        form = high >> 4 & 0xFF
        if form == 3:
            return FLOW_RETURN if low >> 8 & 15 == 11 else FLOW_NONE
        return FLOW_CALL if form < 3 else FLOW_NONE
    if operation != 0x0D:
        return FLOW_NONE
    form = high >> 6 & 0x3F
    if form in (5, 7):
        return FLOW_TRAP_RETURN
    return FLOW_RETURN if form in (3, 6) else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """a10."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return U(word(engine, A0, 10))


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """All code shares one."""
    return U(0)
