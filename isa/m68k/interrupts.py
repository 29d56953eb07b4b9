"""m68k, native: interrupts of machine `bare`'s lines, by autovectors (M68000PM/AD, appendix B; MC68040UM, section 8.4).

Bit n of the lines is level n. A level above SR's mask is taken, level 7 whenever its line has risen. The engine's own
delivery sets a wrong mask, so it is done here: between blocks, where `takes` sees that the guest has lowered its mask.
"""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from axvcpu.control import STALE
from isa.m68k.causes import AUTOVECTOR
from isa.m68k.frames import PLAIN, THROWAWAY, push
from isa.m68k.words import (
    BOOL,
    CONTROL,
    ENGINE,
    I64,
    MASK,
    MASTER_STACK,
    PC,
    SR,
    SUPERVISOR,
    TRACE,
    VBR,
    U,
    flat,
    highest,
    load32,
    put_status,
    put_word,
    status,
    word,
)
from isa.native import Record, Word, as_control, as_engine, note, restore, save
from isa.records import LOG_INTERRUPT

TOP = 7


@flat(BOOL, ENGINE, CONTROL, I64)
def interrupt(engine: Record, block: Record, level: Word) -> Word:
    """Take an interrupt at the current pc. False where it has no vector or no stack: then nothing has changed."""
    old, pc, vector = status(engine), np.int64(block.pc), AUTOVECTOR + level
    to = load32(engine, word(engine, VBR, 0) + 4 * vector)
    if to <= 0:
        return False
    taken = (old | SUPERVISOR) & ~(TRACE | MASK) | level << 8
    put_status(engine, taken)
    restore(engine)
    done = push(engine, PLAIN, vector, old, pc, 0, 0, 0)
    if done and old & MASTER_STACK != 0:
        put_status(engine, taken & ~MASTER_STACK)
        restore(engine)
        done = push(engine, THROWAWAY, vector, taken, pc, 0, 0, 0)
    if not done:
        put_status(engine, old)
        restore(engine)
        return False
    put_word(engine, PC, 0, to)
    restore(engine)
    block.pc = U(to)
    if engine.log_on != U(0):
        note(engine, block, LOG_INTERRUPT, pc, vector, 0, 1)
    return True


@cfunc(types.int32(types.intp))
def tell_lines(address: Word) -> Word:
    """Take the highest level that the mask lets in; the others wait for `takes`. 1: `stop` goes on."""
    engine = carray(as_engine(address), 1)[0]
    block = carray(as_control(np.intp(engine.control)), 1)[0]
    save(engine)
    lines, told = block.lines, block.lines_told & ~U(STALE)
    level = np.int64(highest(np.int64(lines)))
    rising = level == TOP and told >> U(TOP) & U(1) == U(0)
    taken = False
    if level > (word(engine, SR, 0) & MASK) >> 8 or rising:
        taken = interrupt(engine, block, level)
    block.lines_told = lines
    block.lines_hidden = lines
    if lines != U(0):
        block.attention = U(1)
    return 1 if taken else 0


@cfunc(types.int32(types.intp))
def takes(address: Word) -> Word:
    """Whether the mask lets a waiting level in."""
    engine = carray(as_engine(address), 1)[0]
    block = carray(as_control(np.intp(engine.control)), 1)[0]
    return 1 if highest(np.int64(block.lines_hidden)) > (word(engine, SR, 0) & MASK) >> 8 else 0
