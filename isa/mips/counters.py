"""MIPS, native: Count, which reads as 0 in the engine, and is put right before the next block."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, njit, types

from isa.mips.words import GPR, U
from isa.native import Word, as_control, as_engine, as_i64, as_u32, as_u64, guest_time
from isa.records import BLOCK_MEND, BLOCK_SPECIAL

PERIOD = 10
"""ns of one Count, as QEMU's."""


@njit
def reads_count(word: Word) -> Word:
    """The register, plus 1, that `mfc0 rt, Count` or `rdhwr rt, $2` writes; 0 for any other instruction."""
    if word & 0xFFC0FFFF in (0x40004800, 0x7C00103B) and word >> 21 & 1 == 0:
        return (word >> 16 & 31) + 1
    return 0


@cfunc(types.uint64(types.intp, types.int64))
def inspect(at: Word, size: Word) -> Word:
    """Does the block end in a read of Count? Both instructions always end their block.

    The order of bytes is not told: what one order takes for such an instruction is none in the other.
    """
    if size < 4:
        return U(0)
    word = np.int64(carray(as_u32(at + size - 4), 1)[0])
    other = (word >> 24) | (word >> 8 & 0xFF00) | (word << 8 & 0xFF0000) | (word & 0xFF) << 24
    register = max(reads_count(word), reads_count(other))
    if register < 2:  # none, or register 0
        return U(0)
    return U(BLOCK_SPECIAL) | U(register) << U(BLOCK_MEND)


@cfunc(types.int32(types.intp))
def mend(address: Word) -> Word:
    """The register of the last read gets guest time, of the moment before it."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    number = np.int64(control.counter_register) - 1
    control.counter_register = U(0)
    if control.host_clock != U(0):
        time = guest_time(engine, control)
    else:
        time = (control.counter_value + control.time_base) << control.time_shift
    count = np.int64(np.int32(np.uint32(time // U(PERIOD) & U(0xFFFFFFFF))))
    registers = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 64)[GPR]
    if engine.wide != U(0):
        carray(as_u64(registers), 32)[number] = U(count)
    else:
        carray(as_u32(registers), 32)[number] = np.uint32(count)
    return 0
