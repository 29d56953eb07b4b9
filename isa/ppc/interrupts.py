"""PowerPC, native: the external, the decrementer and the doorbell interrupt, delivered by hand [Book III 6.5]."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.contract import InterruptLines
from isa.native import Record, Word, as_control, as_engine, note, save
from isa.ppc.traps import enter_vector
from isa.ppc.words import MSR, MSR_EE, PREFIX, VECTORS, U, is_handled, nth
from isa.records import LOG_INTERRUPT

_LINES = InterruptLines()
EXTERNAL, TIMER, SOFTWARE = U(1 << _LINES.external), U(1 << _LINES.timer), U(1 << _LINES.software)
STALE = U(1 << 63)
EXCEPTION_EXTERNAL, EXCEPTION_DECREMENTER, EXCEPTION_DOORBELL = 4, 10, 99


@njit
def first(engine: Record, lines: Word) -> Word:
    """The engine's number of the interrupt to be taken: by priority [Book III 6.9.2, MPC7410 UM table 4-3]; -1 none."""
    if lines & EXTERNAL != U(0):
        return EXCEPTION_EXTERNAL
    if lines & TIMER != U(0):
        return EXCEPTION_DECREMENTER
    if lines & SOFTWARE != U(0) and engine.wide != U(0):
        return EXCEPTION_DOORBELL
    return -1


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Take the first interrupt that is pending, if MSR[EE] lets it in; else keep the lines in mind (`takes`). Returns 1
    where a CPU that waits goes on."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    lines = control.lines & ~STALE
    control.lines_told = control.lines
    control.lines_hidden = lines
    number = first(engine, lines)
    if number < 0:
        return 0
    save(engine)
    msr = nth(engine, MSR, 0)
    if msr & U(MSR_EE) == U(0):
        control.attention = U(1)
        return 1 if engine.wide != U(0) else 0
    offset = nth(engine, VECTORS, number)
    vector = offset | nth(engine, PREFIX, 0)
    if not is_handled(engine, vector):
        return 0
    control.counter_register = U(0)
    if engine.log_on != U(0):
        note(engine, control, LOG_INTERRUPT, control.pc, offset, 0, 0)
    enter_vector(engine, vector, control.pc, msr, U(0))
    control.pc = vector
    return 1


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Does MSR[EE] let a pending interrupt in?"""
    engine = carray(as_engine(address), 1)[0]
    save(engine)
    return 1 if nth(engine, MSR, 0) & U(MSR_EE) != U(0) else 0
