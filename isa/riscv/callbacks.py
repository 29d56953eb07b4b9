"""RISC-V's compiled callbacks, for both widths, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_u16
from isa.riscv.counters import inspect, mend, unprivileged
from isa.riscv.interrupts import observe, tell_lines
from isa.riscv.translation import on_fill
from isa.riscv.traps import advance, deliver, fault, on_exception, on_invalid

__all__ = [
    "advance",
    "deliver",
    "fault",
    "halts",
    "inspect",
    "length",
    "mend",
    "observe",
    "on_exception",
    "on_fill",
    "on_invalid",
    "tell_lines",
    "unprivileged",
]


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, block: Word) -> Word:
    """Bytes of the instruction at a host address [unpriv 1.5]; 48 bits and more are illegal here, and 4."""
    return 4 if carray(as_u16(at), 1)[0] & np.uint16(3) == np.uint16(3) else 2


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, block: Word) -> Word:
    """Is the instruction at a host address `wfi`?"""
    low, high = carray(as_u16(at), 2)[0], carray(as_u16(at), 2)[1]
    return 1 if low == np.uint16(0x0073) and high == np.uint16(0x1050) else 0
