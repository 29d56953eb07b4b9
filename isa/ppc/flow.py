"""PowerPC, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

from numba import carray, cfunc, types

from isa.native import Word, as_engine, save
from isa.ppc.words import GPR, MSR, MSR_LE, MSR_PR, U, nth, word_at
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """Branches that set the link register, that to it, and rfi and its like (Power ISA 2.07B, I 2.4, III-S 3.3)."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    word = word_at(at, nth(engine, MSR, 0) & U(MSR_LE) != U(0))
    opcode, extended, link = word >> 26, word >> 1 & 0x3FF, word & 1
    if opcode in (16, 18) or (opcode == 19 and extended == 528):
        return FLOW_CALL if link == 1 else FLOW_NONE
    if opcode != 19:
        return FLOW_NONE
    if extended == 16:
        return FLOW_CALL if link == 1 else FLOW_RETURN
    return FLOW_TRAP_RETURN if extended in (18, 38, 39, 50, 51, 274) else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """r1."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return nth(engine, GPR, 1)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """1 for a program."""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return U(1) if nth(engine, MSR, 0) & U(MSR_PR) != U(0) else U(0)
