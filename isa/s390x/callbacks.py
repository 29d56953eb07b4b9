"""z/Architecture's compiled callbacks, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.native import Word, as_u8
from isa.s390x.interrupts import before_block, begin, inspect, mend, settle, takes, tell_lines
from isa.s390x.translation import on_fill
from isa.s390x.traps import advance, deliver, fault, on_exception

__all__ = [
    "advance",
    "before_block",
    "begin",
    "deliver",
    "fault",
    "inspect",
    "length",
    "mend",
    "on_exception",
    "on_fill",
    "settle",
    "takes",
    "tell_lines",
]


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, block: Word) -> Word:
    """Bytes of the instruction at a host address: 2, 4 or 6 by its first two bits [5-3]."""
    first = carray(as_u8(at), 1)[0] >> np.uint8(6)
    return 2 if first == 0 else 6 if first == 3 else 4
