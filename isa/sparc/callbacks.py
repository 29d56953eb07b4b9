"""SPARC's compiled callbacks, for both widths, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_u8
from isa.sparc.forbidden import admit
from isa.sparc.instructions import POWER_DOWN
from isa.sparc.interrupts import takes, tell_lines
from isa.sparc.translation import begin, on_fill, resume, settle
from isa.sparc.traps import advance, deliver, fault, on_exception, on_invalid, stops

__all__ = [
    "admit",
    "advance",
    "begin",
    "deliver",
    "fault",
    "halts",
    "on_exception",
    "on_fill",
    "on_invalid",
    "resume",
    "settle",
    "stops",
    "takes",
    "tell_lines",
]

HIGH = (2 << 30 | POWER_DOWN << 25 | 0x30 << 19) >> 16


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, address: Word) -> Word:
    """Is the instruction at a host address `wr %asr19`, a LEON's power-down?"""
    code = carray(as_u8(at), 4)
    high = np.int64(code[0]) << 8 | np.int64(code[1])
    return 1 if high & 0xFFF8 == HIGH else 0
