"""z/Architecture, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_engine, as_u8, as_u64, get64, place, save
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN
from isa.s390x.layout import Slot
from isa.s390x.words import PSW_MASK, PSW_PROBLEM, U

R0 = int(Slot.R0)


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """Branches that keep the return address in r14, which programs are called with, and those to it; lpsw and lpswe
    [chapters 7, 10]. brasl keeps it in whatever register."""
    code = carray(as_u8(at), 2)
    first, second = np.int64(code[0]), np.int64(code[1])
    if first == 0xC0 and second & 15 == 5:  # brasl
        return FLOW_CALL
    if first in (0x0D, 0x4D) or (first == 0xA7 and second & 15 == 5):  # basr, bas; bras
        calls = second >> 4 == 14 and (first != 0x0D or second & 15 != 0)
        return FLOW_CALL if calls else FLOW_NONE
    if first == 0x07 and second & 15 == 14 and second >> 4 != 0:
        return FLOW_RETURN
    return FLOW_TRAP_RETURN if first == 0x82 or (first == 0xB2 and second == 0xB2) else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """r15."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return carray(as_u64(place(engine, R0)), 16)[15]


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """1 in the problem state."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return U(1) if get64(engine, PSW_MASK) & U(PSW_PROBLEM) != U(0) else U(0)
