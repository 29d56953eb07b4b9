"""Arm, native: entering the engine, and what code it is there."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.arm.layout import BLOCK, Slot
from isa.arm.words import CONDEXEC, PC, REGS, THUMB, U, get32, place, put32
from isa.native import Word, as_control, as_engine, as_u16, as_u32, as_u64

rebuild_flags = types.ExternalFunction("arm_rebuild_hflags_arm", types.void(types.intp))
XREGS = np.int64(Slot.XREGS)


@cfunc(types.uint64(types.intp))
def begin(address: Word) -> Word:
    """Where to enter: the pc, with bit 0 for T32. An odd pc says so too.

    The engine caches what CPSR and the system registers mean for translated code; they may have been written.
    """
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if control.pc & U(1) != U(0):
        control.pc &= ~U(1)
        put32(engine, THUMB, U(1))
    carray(as_u64(place(engine, XREGS)), 32)[BLOCK] = engine.address
    rebuild_flags(np.intp(engine.state))
    return control.pc | get32(engine, THUMB)


@cfunc(types.int32(types.intp))
def let_through(address: Word) -> Word:
    """An access in an IT block has had the state say so, which it does for a block that begins there, and no other."""
    engine = carray(as_engine(address), 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    if U(carray(as_u32(place(engine, REGS)), 16)[PC]) != control.block_pc:
        put32(engine, CONDEXEC, U(0))
    return 0


@cfunc(types.int64(types.intp, types.intp))
def length(at: Word, address: Word) -> Word:
    """Bytes of the instruction at a host address [a A6.1]."""
    engine = carray(as_engine(address), 1)[0]
    if get32(engine, THUMB) == U(0):
        return 4
    return 4 if carray(as_u16(at), 1)[0] >= np.uint16(0xE800) else 2


@cfunc(types.int64(types.intp, types.intp))
def halts(at: Word, address: Word) -> Word:
    """Is the instruction at a host address `wfi`, or what it was before ARMv7 (coprocessor 15, c7, c0, 4)?"""
    engine = carray(as_engine(address), 1)[0]
    half = carray(as_u16(at), 2)
    if get32(engine, THUMB) != U(0):
        return (
            1 if half[0] == np.uint16(0xBF30) or (half[0] == np.uint16(0xF3AF) and half[1] == 0x8003) else 0
        )
    word = U(half[0]) | U(half[1]) << U(16)
    if word >> U(28) == U(15):
        return 0
    return 1 if word & U(0x0FFFFFFF) == U(0x0320F003) or word & U(0x0FFF0FFF) == U(0x0E070F90) else 0
