"""The A profile, native: interrupt lines into the engine, and interrupts taken by it [a B1.8.4].

The engine takes them by itself, right after the instruction that unmasks them: all that it needs is told once. Lines:
bit 0 IRQ, bit 1 FIQ, bits 2 and 3 (the timer's and software's on `bare`) also IRQ.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.arm.layout import Slot
from isa.arm.traps import vector
from isa.arm.words import INTERRUPT_EVENT, LR, PC, U, get32, log, mode, put32, r
from isa.native import Word, as_control, as_engine

REQUEST = np.int64(Slot.INTERRUPT_REQUEST)
IRQ_REQUEST, FIQ_REQUEST = U(0x02), U(0x10)
IRQ_LINES, FIQ_LINES = U(0b1101), U(0b0010)
STALE = U(1 << 63)
IRQ_MODE, FIQ_MODE = U(0x12), U(0x11)
CAUSE_IRQ, CAUSE_FIQ = np.int64(6), np.int64(7)


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Hand the interrupt lines over; 1 if one is up: wfi goes on, masked or not [a B1.8.13]."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    request = get32(engine, REQUEST) & ~(IRQ_REQUEST | FIQ_REQUEST)
    if control.lines & IRQ_LINES != U(0):
        request |= IRQ_REQUEST
    if control.lines & FIQ_LINES != U(0):
        request |= FIQ_REQUEST
    put32(engine, REQUEST, request)
    control.lines_told = control.lines
    return 1 if control.lines & (IRQ_LINES | FIQ_LINES) != U(0) else 0


@cfunc(types.int32(types.intp))
def observe(address: Word) -> Word:
    """The engine takes interrupts by itself: a block at the vector, in the mode of interrupts, tells."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    cause = np.int64(0)
    if mode(engine) == IRQ_MODE:
        cause = CAUSE_IRQ
    elif mode(engine) == FIQ_MODE:
        cause = CAUSE_FIQ
    if cause != 0 and r(engine, PC) == vector(engine, cause) & U(0xFFFFFFFF):
        log(engine, control, INTERRUPT_EVENT, r(engine, LR) - U(4), cause, U(0))
    return 1 if control.lines & (IRQ_LINES | FIQ_LINES) != U(0) else 0
