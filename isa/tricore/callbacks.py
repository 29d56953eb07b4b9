"""TriCore's compiled callbacks, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_u8, as_u16
from isa.records import BLOCK_MEND
from isa.tricore.interrupts import takes, tell_lines
from isa.tricore.translation import on_fill
from isa.tricore.traps import advance, deliver, fault, mend, on_exception

__all__ = [
    "advance",
    "deliver",
    "fault",
    "inspect",
    "length",
    "mend",
    "on_exception",
    "on_fill",
    "takes",
    "tell_lines",
]


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, address: Word) -> Word:
    """Bytes of the instruction at a host address."""
    return 4 if carray(as_u8(at), 1)[0] & np.uint8(1) != np.uint8(0) else 2


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """Whether a block holds, before its last instruction, one that may trap and ends no block: bisr, svlcx, rslcx."""
    offset = np.int64(0)
    while offset < size:
        first = np.int64(carray(as_u16(at + offset), 1)[0])
        step = 4 if first & 1 != 0 else 2
        if offset + step < size:
            operation = first & 0xFF
            if operation == 0xE0:  # bisr
                return np.uint64(1 << BLOCK_MEND)
            if step == 4:
                second = np.int64(carray(as_u16(at + offset + 2), 1)[0])
                if operation == 0xAD and second >> 5 & 0x7F == 0:  # bisr
                    return np.uint64(1 << BLOCK_MEND)
                kind = second >> 6 & 0x3F
                if operation == 0x0D and (kind == 8 or kind == 9):
                    return np.uint64(1 << BLOCK_MEND)
        offset += step
    return np.uint64(0)
