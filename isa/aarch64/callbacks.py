"""AArch64's compiled callbacks, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.aarch64.clocks import on_mrs, on_msr
from isa.aarch64.interrupts import begin, observe, tell_lines
from isa.aarch64.translation import on_fill
from isa.aarch64.traps import advance, deliver, fault, on_exception, refuse
from isa.native import Word, as_u32
from isa.records import BLOCK_PAUSE, BLOCK_SPECIAL

__all__ = [
    "advance",
    "begin",
    "deliver",
    "fault",
    "halts",
    "inspect",
    "length",
    "observe",
    "on_exception",
    "on_fill",
    "on_mrs",
    "on_msr",
    "refuse",
    "tell_lines",
]

WFI, WFE, YIELD = 0xD503207F, 0xD503205F, 0xD503203F


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, address: Word) -> Word:
    return 4


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, address: Word) -> Word:
    """Is the instruction at a host address `wfi`?"""
    return 1 if carray(as_u32(at), 1)[0] == np.uint32(WFI) else 0


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """What a block ends with: `wfe` and `yield` say that the CPU waits for another."""
    word = carray(as_u32(at + size - 4), 1)[0]
    pauses = word == np.uint32(WFE) or word == np.uint32(YIELD)
    return np.uint64(BLOCK_SPECIAL | BLOCK_PAUSE) if pauses else np.uint64(0)
