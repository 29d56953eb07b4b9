"""SPARC, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import Word, as_engine, as_u8
from isa.records import FLOW_CALL, FLOW_DELAYED, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN
from isa.sparc.words import U, r, supervisor


@njit
def kind(at: Word, wide: Word) -> Word:
    """call, jmpl that sets %o7, jmpl to behind a call; return (V9), rett (V8), done and retry [V8 B.24-B.26, V9 A]."""
    code = carray(as_u8(at), 4)
    word = np.int64(code[0]) << 24 | np.int64(code[1]) << 16 | np.int64(code[2]) << 8 | np.int64(code[3])
    if word >> 30 == 1:
        return FLOW_CALL
    if word >> 30 != 2:
        return FLOW_NONE
    operation, rd, rs1 = word >> 19 & 0x3F, word >> 25 & 31, word >> 14 & 31
    if operation == 0x38:
        if rd == 15:
            return FLOW_CALL
        back = rd == 0 and rs1 in (15, 31) and word & 0x3FFF in (0x2008, 0x200C)
        return FLOW_RETURN if back else FLOW_NONE
    if operation == 0x39:
        return FLOW_RETURN if wide else FLOW_TRAP_RETURN
    return FLOW_TRAP_RETURN if operation == 0x3E and wide else FLOW_NONE


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """A transfer is the last instruction but one, where its slot is in the same block. `rett` is in the slot of one."""
    engine = carray(as_engine(address), 1)[0]
    wide = engine.wide != U(0)
    last = kind(at, wide)
    if last == FLOW_TRAP_RETURN:
        return last
    found = kind(at - 4, wide) if before >= 4 else FLOW_NONE
    if found != FLOW_NONE:
        return found
    return last | FLOW_DELAYED if last != FLOW_NONE else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """%o6, of the current window."""
    return r(carray(as_engine(address), 1)[0], 14)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """1 for a program."""
    return U(0) if supervisor(carray(as_engine(address), 1)[0]) else U(1)
