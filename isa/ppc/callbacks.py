"""PowerPC's compiled callbacks, for both widths, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

from numba import cfunc, types

from isa.native import Word
from isa.ppc.counters import inspect, mend
from isa.ppc.interrupts import takes, tell_lines
from isa.ppc.translation import on_fill
from isa.ppc.traps import advance, deliver, fault, on_exception, settle
from isa.ppc.words import word_at

__all__ = [
    "advance",
    "deliver",
    "fault",
    "halts",
    "inspect",
    "length",
    "mend",
    "on_exception",
    "on_fill",
    "settle",
    "takes",
    "tell_lines",
]

WAIT = 0x7C00003C


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, block: Word) -> Word:
    """Bytes of the instruction at a host address."""
    return 4


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, block: Word) -> Word:
    """Is the instruction at a host address `wait`?"""
    return 1 if word_at(at, False) == WAIT else 0
