"""m68k, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.m68k.words import A0, SR, SUPERVISOR, U, word
from isa.native import Word, as_engine, as_u8, save
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """bsr, jsr; rts, rtd, rtr; rte [M68000PM 4]."""
    code = carray(as_u8(at), 2)
    first, second = np.int64(code[0]), np.int64(code[1])
    if first == 0x61 or (first == 0x4E and second & 0xC0 == 0x80):
        return FLOW_CALL
    if first != 0x4E:
        return FLOW_NONE
    if second == 0x73:
        return FLOW_TRAP_RETURN
    return FLOW_RETURN if second in (0x74, 0x75, 0x77) else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """a7."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return U(word(engine, A0, 7)) & U(0xFFFFFFFF)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """1 for a program."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return U(1) if word(engine, SR, 0) & SUPERVISOR == 0 else U(0)
