"""TriCore, native: interrupts of machine `bare`'s lines (TriCore Architecture Manual, chapter 6).

Bit n of the lines is priority n. The engine takes no interrupts: it is done here, between blocks, where `takes` sees
that ICR lets one in. ICR.IE and PCXI.PIE are where the engine has them, bit 8 and bit 23, on all models.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from axvcpu.control import STALE
from isa.native import Record, Word, as_control, as_engine, note, restore, save
from isa.records import LOG_INTERRUPT
from isa.tricore.contexts import ENABLED, PRIORITY, enter_handler
from isa.tricore.words import BIV, BOOL, CONTROL, ENGINE, I64, ICR, PC, U, flat, highest, put_word, word


@flat(BOOL, ENGINE, I64)
def lets_in(engine: Record, priority: Word) -> Word:
    icr = word(engine, ICR, 0)
    return icr & ENABLED != 0 and priority > icr & PRIORITY


@flat(BOOL, ENGINE, CONTROL, I64)
def interrupt(engine: Record, control: Record, priority: Word) -> Word:
    """Take an interrupt at the current pc. False where there is no context save area: it waits."""
    base, pc = word(engine, BIV, 0), np.int64(control.pc)
    spacing = 3 if base & 1 != 0 else 5  # BIV.VSS
    if enter_handler(engine, (base & ~1) | priority << spacing, pc) != 0:
        return False
    put_word(engine, ICR, 0, (word(engine, ICR, 0) & ~PRIORITY) | priority)
    restore(engine)
    control.pc = U(word(engine, PC, 0))
    if engine.log_on != U(0):
        note(engine, control, LOG_INTERRUPT, pc, priority, 0, 2)
    return True


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Take the highest priority that ICR lets in; the others wait for `takes`."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    lines = control.lines
    priority = highest(np.int64(lines & ~U(STALE)))
    put_word(engine, ICR, 0, (word(engine, ICR, 0) & ~0xFF0000) | priority << 16)  # PIPN
    taken = False
    if priority != 0 and lets_in(engine, priority):
        taken = interrupt(engine, control, priority)
    restore(engine)
    control.lines_told = lines
    control.lines_hidden = lines
    if lines != U(0):
        control.attention = U(1)
    return 1 if taken else 0


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Whether ICR lets a waiting interrupt in."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    return 1 if lets_in(engine, highest(np.int64(control.lines_hidden))) else 0
