"""AArch64's compiled callbacks, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.aarch64.clocks import on_mrs, on_msr
from isa.aarch64.interrupts import begin, observe, settle, tell_lines
from isa.aarch64.translation import on_fill
from isa.aarch64.traps import advance, deliver, fault, on_exception, refuse
from isa.aarch64.words import AARCH64, THUMB
from isa.native import Word, as_engine, as_u16, as_u32, get32
from isa.records import BLOCK_PAUSE, BLOCK_SPECIAL, BLOCK_STIRS

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
    "settle",
    "tell_lines",
]

WFI, WFE, YIELD = 0xD503207F, 0xD503205F, 0xD503203F
MSR_HCR_EL2 = 0xD51C1100  # from x0


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, address: Word) -> Word:
    """Bytes of the instruction at a host address: 4, but for T32, which EL0 may be in [arm F3.1]."""
    engine = carray(as_engine(address), 1)[0]
    if get32(engine, AARCH64) != np.uint64(0) or get32(engine, THUMB) == np.uint64(0):
        return 4
    return 4 if carray(as_u16(at), 1)[0] >= np.uint16(0xE800) else 2


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, address: Word) -> Word:
    """Is the instruction at a host address `wfi`?"""
    return 1 if carray(as_u32(at), 1)[0] == np.uint32(WFI) else 0


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """What a block ends with: `wfe` and `yield` say that the CPU waits for another, a write to HCR_EL2 may ask for a
    virtual interrupt."""
    word = carray(as_u32(at + size - 4), 1)[0]
    pauses = word == np.uint32(WFE) or word == np.uint32(YIELD)
    if word & np.uint32(0xFFFFFFE0) == np.uint32(MSR_HCR_EL2):
        return np.uint64(BLOCK_SPECIAL | BLOCK_STIRS)
    return np.uint64(BLOCK_SPECIAL | BLOCK_PAUSE) if pauses else np.uint64(0)
