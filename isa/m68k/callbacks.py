"""m68k's compiled callbacks, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.m68k import floats
from isa.m68k.interrupts import takes, tell_lines
from isa.m68k.translation import on_fill
from isa.m68k.traps import advance, deliver, fault, on_exception
from isa.m68k.words import COLDFIRE, compiled, family, measure
from isa.native import Word, as_engine, as_u8

__all__ = [
    "advance",
    "deliver",
    "fault",
    "float_impossible",
    "halts",
    "length",
    "on_exception",
    "on_fill",
    "takes",
    "tell_lines",
]


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, address: Word) -> Word:
    """Bytes of the instruction at a host address."""
    engine = carray(as_engine(address), 1)[0]
    return measure(carray(as_u8(at), 32), family(engine) == COLDFIRE)


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, address: Word) -> Word:
    """Is the instruction at a host address `stop`?"""
    code = carray(as_u8(at), 2)
    return 1 if code[0] == np.uint8(0x4E) and code[1] == np.uint8(0x72) else 0


_impossible = compiled(floats, "impossible")


@cfunc(types.int64(types.int64, types.int64))
def float_impossible(word: Word, extension: Word) -> Word:
    """Is it a floating-point operation that no FPU has?"""
    return 1 if _impossible(word, extension) else 0
