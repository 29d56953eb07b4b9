"""TriCore, native: upper contexts saved on the list of free areas, and restored (TriCore Architecture Manual, section
4).

The engine saves and restores them for its own traps, calls and returns; here it is done for what it does not have:
interrupts, bus errors, and a trap that is taken back because nobody handles it.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from isa.native import Record, Word, as_u32
from isa.tricore.words import (
    A0,
    BOOL,
    D0,
    ENGINE,
    FCX,
    I64,
    ICR,
    ISP,
    LCX,
    PC,
    PCXI,
    flat,
    host_address,
    psw,
    put_psw,
    put_word,
    word,
)

LINK, UPPER = 0xFFFFF, 0x400000
ENABLED, PRIORITY = 0x100, 0xFF  # ICR.IE, ICR.CCPN
FCD_TRAP, FCU_TRAP = 0x31, 0x34
"""Class and number, of a list that is used up after this and before it."""


@flat(I64, I64)
def area(link: Word) -> Word:
    """The address of a context save area, by its link word."""
    return (link & 0xF0000) << 12 | (link & 0xFFFF) << 6


@flat(BOOL, ENGINE)
def save_upper(engine: Record) -> Word:
    """Move the upper context to the free list's first area. False where there is none."""
    link = word(engine, FCX, 0)
    at = host_address(engine, area(link))
    if link & LINK == 0 or at == 0:
        return False
    data = carray(as_u32(at), 16)
    free = np.int64(data[0])
    icr, old = word(engine, ICR, 0), word(engine, PCXI, 0)
    data[0], data[1] = np.uint32(old), np.uint32(psw(engine))
    for i in range(2):
        data[2 + i] = np.uint32(word(engine, A0, 10 + i))
    for i in range(4):
        data[4 + i] = np.uint32(word(engine, D0, 8 + i))
        data[8 + i] = np.uint32(word(engine, A0, 12 + i))
        data[12 + i] = np.uint32(word(engine, D0, 12 + i))
    enabled = 1 if icr & ENABLED != 0 else 0
    put_word(engine, PCXI, 0, (icr & PRIORITY) << 24 | enabled << 23 | UPPER | (link & LINK))
    put_word(engine, FCX, 0, (link & ~LINK) | (free & LINK))
    return True


@flat(BOOL, ENGINE)
def restore_upper(engine: Record) -> Word:
    """The reverse: the state before the trap or interrupt that saved it, with pc at its return address."""
    link = word(engine, PCXI, 0)
    at = host_address(engine, area(link))
    if link & LINK == 0 or link & UPPER == 0 or at == 0:
        return False
    data = carray(as_u32(at), 16)
    put_word(engine, PC, 0, word(engine, A0, 11) & ~1)
    icr = word(engine, ICR, 0) & ~(ENABLED | PRIORITY)
    put_word(engine, ICR, 0, icr | (ENABLED if link & 0x800000 != 0 else 0) | link >> 24)
    for i in range(2):
        put_word(engine, A0, 10 + i, np.int64(data[2 + i]))
    for i in range(4):
        put_word(engine, D0, 8 + i, np.int64(data[4 + i]))
        put_word(engine, A0, 12 + i, np.int64(data[8 + i]))
        put_word(engine, D0, 12 + i, np.int64(data[12 + i]))
    put_psw(engine, np.int64(data[1]))
    put_word(engine, PCXI, 0, np.int64(data[0]))
    data[0] = np.uint32(word(engine, FCX, 0))
    put_word(engine, FCX, 0, (word(engine, FCX, 0) & ~LINK) | (link & LINK))
    return True


@flat(I64, ENGINE, I64, I64)
def enter_handler(engine: Record, pc: Word, back: Word) -> Word:
    """Go to a trap or interrupt handler at `pc` that returns to `back` (sections 5.3 and 6.5): supervisor mode on the
    interrupt stack, interrupts off. 0, or the trap that takes its place."""
    last = word(engine, FCX, 0) & LINK == word(engine, LCX, 0) & LINK
    if not save_upper(engine):
        return np.int64(FCU_TRAP)
    put_word(engine, A0, 11, back)
    status = psw(engine)
    if status & 0x200 == 0:
        put_word(engine, A0, 10, word(engine, ISP, 0))
    put_psw(engine, (status & ~0x3F7F) | 0xA80)  # PRS 0, IO supervisor, IS, GW off, CDE, CDC 0
    put_word(engine, ICR, 0, word(engine, ICR, 0) & ~ENABLED)
    put_word(engine, PC, 0, pc)
    return np.int64(FCD_TRAP) if last else np.int64(0)
