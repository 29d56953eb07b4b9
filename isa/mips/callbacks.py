"""MIPS's compiled callbacks, for all widths and byte orders, by the names that `isa.records` gives them."""

from __future__ import annotations

from numba import carray, cfunc, njit, types

from isa.mips.blocks import short_length
from isa.mips.counters import inspect, mend
from isa.mips.interrupts import begin, interrupts, let_through, observe, settle, takes, tell_lines
from isa.mips.translation import fill
from isa.mips.traps import advance, claims, deliver, fault, on_invalid
from isa.mips.words import HFLAGS, M16, U, word_at
from isa.native import Record, Word, as_engine, engine_record, get32

__all__ = [
    "advance",
    "begin",
    "claims",
    "deliver",
    "fault",
    "fill",
    "halts",
    "inspect",
    "interrupts",
    "length",
    "let_through",
    "mend",
    "observe",
    "on_exception",
    "on_invalid",
    "settle",
    "takes",
    "tell_lines",
]


@cfunc(types.void(types.intp, types.uint32, types.CPointer(engine_record)))
def on_exception(uc: Word, number: Word, user: Record) -> None:
    """UC_HOOK_INTR: `on_invalid` has had every exception before."""


@njit
def skips(word: Word) -> Word:
    """Is it a branch, likely in name, that is never taken? The engine passes over its slot as it translates."""
    opcode, rs, rt = word >> 26, word >> 21 & 31, word >> 16 & 31
    if opcode == 0x15:  # bnel
        return rs == rt
    return rs == 0 and (opcode == 0x17 or (opcode == 1 and rt in (0x02, 0x12)))  # bgtzl, bltzl, bltzall


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, address: Word) -> Word:
    """Bytes of the instruction at a host address, with the slot that goes with it."""
    engine = carray(as_engine(address), 1)[0]
    if get32(engine, HFLAGS) & U(M16) == U(0):
        return 8 if skips(word_at(engine, at)) else 4
    return short_length(engine, at)


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, address: Word) -> Word:
    """Is the instruction at a host address `wait`?"""
    engine = carray(as_engine(address), 1)[0]
    if get32(engine, HFLAGS) & U(M16) != U(0):
        return 0
    word = word_at(engine, at)
    return 1 if word >> 25 == 0x21 and word & 0x3F == 0x20 else 0
