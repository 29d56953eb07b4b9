"""x86, native: model-specific registers that the engine does not serve itself, or not as the manual has them."""

from __future__ import annotations

import numpy as np
from numba import njit

from isa.native import Record, Word, get32, get64, guest_time, put32, put64, walk
from isa.x86.svm import EFER_NUMBER
from isa.x86.words import EFER, HFLAGS, LMA, LONG_MODE, PG, TSC_OFFSET, U, control_register, linear, number

TSC, TSC_ADJUST = 0x10, 0x3B
SCE, LME, LMA_BIT, NXE, FFXSR = 1, 1 << 8, 1 << 10, 1 << 11, 1 << 14


@njit
def time_here(engine: Record, control: Record) -> Word:
    """Guest time in ns before the instruction at the pc, which is in the block that is charged already."""
    whole = control.retired
    pc, start = linear(engine), control.block_pc
    if control.block_count != U(0) and start <= pc < start + control.block_size:
        done = U(0) if pc == start else U(walk(engine, np.int64(start), np.int64(pc - start)))
        control.retired = whole - control.block_count + done
    time = guest_time(engine, control)
    control.retired = whole
    return time


@njit
def read_msr(engine: Record, control: Record, register: Word) -> tuple[Word, Word]:
    """Whether it is one of these, and its value."""
    if register == U(TSC):
        return True, time_here(engine, control) + get64(engine, TSC_OFFSET)
    if register == U(TSC_ADJUST):
        return True, get64(engine, TSC_OFFSET)
    return False, U(0)


@njit
def write_msr(engine: Record, control: Record, register: Word, value: Word) -> Word:
    """Whether it is one of these; then it has been written."""
    if register == U(TSC):
        put64(engine, TSC_OFFSET, value - time_here(engine, control))
        return True
    if register == U(TSC_ADJUST):
        put64(engine, TSC_OFFSET, value)
        return True
    if register != U(EFER_NUMBER):
        return False
    kept = U(SCE | NXE | FFXSR)
    if number(engine, LONG_MODE) != 0:
        kept |= U(LME)
    if value & ~(kept | U(LMA_BIT)) != U(0):
        return False
    old = get64(engine, EFER)
    paging = control_register(engine, 0) & U(PG) != U(0)
    if paging and (old ^ value) & U(LME) != U(0):
        return False
    new = (value & kept) | (old & U(LMA_BIT))
    if new & U(LME) == U(0):  # without paging only where the machine started so
        new &= ~U(LMA_BIT)
    put64(engine, EFER, new)
    flags = get32(engine, HFLAGS) & ~U(LMA)
    put32(engine, HFLAGS, flags | U(LMA) if new & U(LMA_BIT) != U(0) else flags)
    return True
