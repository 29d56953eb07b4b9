"""MIPS, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

from numba import carray, cfunc, njit, types

from isa.mips.words import HFLAGS, M16, USER, U, general, word_at
from isa.native import Word, as_engine, get32
from isa.records import FLOW_CALL, FLOW_DELAYED, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN

ERET = 0x42000018


@njit
def kind(word: Word) -> Word:
    """jal, jalr, bal and its like; jr ra (MD00086)."""
    opcode = word >> 26
    if opcode == 0:
        if word & 0x3F == 0x09 and word >> 11 & 31 != 0:
            return FLOW_CALL
        return FLOW_RETURN if word & 0x3F in (0x08, 0x09) and word >> 21 & 31 == 31 else FLOW_NONE
    linked = opcode == 3 or (opcode == 1 and word >> 18 & 7 == 4)
    return FLOW_CALL if linked else FLOW_NONE


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """A jump is the last instruction but one, where its slot is in the same block. Not of 16-bit code."""
    engine = carray(as_engine(address), 1)[0]
    if get32(engine, HFLAGS) & U(M16) != U(0):
        return FLOW_NONE
    word = word_at(engine, at)
    if word == ERET:
        return FLOW_TRAP_RETURN
    found = kind(word_at(engine, at - 4)) if before >= 4 else FLOW_NONE
    if found != FLOW_NONE:
        return found
    found = kind(word)
    return found | FLOW_DELAYED if found != FLOW_NONE else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """sp."""
    return general(carray(as_engine(address), 1)[0], 29)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """1 in user mode: a program's address space has no number here but the ASID, which kernels use again."""
    engine = carray(as_engine(address), 1)[0]
    return U(1) if get32(engine, HFLAGS) & U(USER) == U(2) else U(0)
