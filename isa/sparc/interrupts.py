"""SPARC, native: interrupt lines, by hand: the engine's API has none [V8 7.3, V9 7.5.2].

Line n is interrupt level n, 1 to 15. The highest level that is pending is taken where traps (V9: interrupts) are enabled
and it is above PIL; V8's level 15 cannot be masked by PIL. It stays pending: a level ends where its device ends it.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.native import Record, Word, as_control, as_engine, get32, note
from isa.records import LOG_INTERRUPT
from isa.sparc.causes import INTERRUPT_V8, INTERRUPT_V9
from isa.sparc.words import (
    ET,
    MAXTL,
    PC,
    PIL,
    PSTATE,
    PSTATE_IE,
    TL,
    U,
    enter_trap,
    follow,
    get,
)

LEVELS = 0xFFFE


@njit
def level_of(lines: Word) -> Word:
    """The highest pending level; 0 where there is none."""
    pending, level = lines & U(LEVELS), U(0)
    while pending > U(1):
        pending >>= U(1)
        level += U(1)
    return level


@njit
def enabled(engine: Record, level: Word) -> Word:
    """Whether an interrupt of this level can be taken now."""
    above = level > get32(engine, PIL)
    if engine.wide != U(0):
        on = get32(engine, PSTATE) & U(PSTATE_IE) != U(0) and get32(engine, TL) < get32(engine, MAXTL)
        return on and above
    return get32(engine, ET) != U(0) and (above or level == U(15))


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Whether a line that is not yet taken can be."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    return 1 if enabled(engine, level_of(control.lines_hidden)) else 0


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Take the highest pending interrupt if it can be taken; 1 if so: power-down is over."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    control.lines_told = control.lines
    control.lines_hidden = control.lines & U(LEVELS)
    level = level_of(control.lines)
    if level == U(0):
        return 0
    control.attention = U(1)
    if engine.exception == U(0) or not enabled(engine, level):
        return 0
    follow(engine, control)
    wide = engine.wide != U(0)
    if engine.log_on != U(0):
        at = get32(engine, TL) + U(1) if wide else U(1)
        number = level + U(INTERRUPT_V9 if wide else INTERRUPT_V8)
        note(engine, control, LOG_INTERRUPT, get(engine, PC), number, U(0), at)
    enter_trap(engine, np.int64(level) + (INTERRUPT_V9 if wide else INTERRUPT_V8))
    control.pc = get(engine, PC)
    return 1
