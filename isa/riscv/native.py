"""RISC-V's compiled abilities, for both widths."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from axvcpu.control import CYCLE_STOPPED, INSTRET_STOPPED
from isa.native import (
    NativeAbilities,
    Word,
    as_u16,
)
from isa.riscv.counters import TIME_PERIOD, inspect, mend, unprivileged
from isa.riscv.interrupts import observe, tell_lines
from isa.riscv.layout import calibrate
from isa.riscv.state import State, regime, wakes
from isa.riscv.translation import on_fill
from isa.riscv.traps import advance, deliver, fault, on_exception, on_invalid
from isa.riscv.words import MACHINE


@cfunc(types.int64(types.intp), cache=True)
def length(at: Word) -> Word:
    """Bytes of the instruction at a host address [unpriv 1.5]; 48 bits and more are illegal here, and 4."""
    return 4 if carray(as_u16(at), 1)[0] & np.uint16(3) == np.uint16(3) else 2


@cfunc(types.int64(types.intp), cache=True)
def halts(at: Word) -> Word:
    """Is the instruction at a host address `wfi`?"""
    low, high = carray(as_u16(at), 2)[0], carray(as_u16(at), 2)[1]
    return 1 if low == np.uint16(0x0073) and high == np.uint16(0x1050) else 0


RISCV64 = RISCV32 = NativeAbilities(
    calibrate=calibrate,
    view=State,
    on_exception=on_exception,
    on_invalid=on_invalid,
    on_fill=on_fill,
    length=length,
    halts=halts,
    inspect=inspect,
    deliver=deliver,
    tell_lines=tell_lines,
    fault=fault,
    advance=advance,
    observe=observe,
    mend=mend,
    unprivileged=unprivileged,
    wakes=wakes,
    regime=regime,
    outside=("fflags",),
    reveal=(("priv", MACHINE), ("mstatus", 0x6000)),
    counted=tuple(
        (name + high, shift, offset, stopped)
        for name, offset, stopped in (
            ("cycle", "cycle_offset", CYCLE_STOPPED),
            ("instret", "instret_offset", INSTRET_STOPPED),
            ("mcycle", "cycle_offset", CYCLE_STOPPED),
            ("minstret", "instret_offset", INSTRET_STOPPED),
        )
        for high, shift in (("", 0), ("h", 32))
    ),
    clocks=(("time", TIME_PERIOD, 0), ("timeh", TIME_PERIOD, 32)),
)
