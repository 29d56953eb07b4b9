"""Arm, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

import numpy as np
from numba import carray, cfunc, types

from isa.arm.layout import Slot
from isa.arm.words import SP, THUMB, USR, U, get32, mode, r
from isa.native import Word, as_engine, as_u16
from isa.records import FLOW_CALL, FLOW_NONE, FLOW_RETURN, FLOW_TRAP_RETURN

TTBR0 = np.int64(Slot.TTBR0)
ROOT = 0xFFFFC000


@cfunc(types.int64(types.intp, types.int64, types.intp))
def flow(at: Word, before: Word, address: Word) -> Word:
    """bl, blx; what leads back to lr, or takes the pc from a stack; and what restores cpsr [a A8.8, B9.3]."""
    engine = carray(as_engine(address), 1)[0]
    half = carray(as_u16(at), 2)
    low = np.int64(half[0])
    if get32(engine, THUMB) == U(0):
        word = low | np.int64(half[1]) << 16
        plain = word & 0x0FFFFFFF
        if word >> 28 == 15:
            if word & 0x0E000000 == 0x0A000000:  # blx
                return FLOW_CALL
            return FLOW_TRAP_RETURN if word & 0xFE50FFFF == 0xF8100A00 else FLOW_NONE  # rfe
        if plain >> 24 == 0x0B or plain & 0x0FFFFFF0 == 0x012FFF30:  # bl, blx
            return FLOW_CALL
        if plain in (0x012FFF1E, 0x01A0F00E, 0x049DF004):  # bx lr; mov pc, lr; pop {pc}
            return FLOW_RETURN
        if plain & 0x0E108000 == 0x08108000:  # ldm with pc
            return FLOW_TRAP_RETURN if plain & 0x00400000 != 0 else FLOW_RETURN
        restores = plain & 0x0FFFF000 == 0x025EF000 or plain in (0x01B0F00E, 0x0160006E)
        return FLOW_TRAP_RETURN if restores else FLOW_NONE  # subs pc, lr; movs pc, lr; eret
    if low < 0xE800:
        if low & 0xFF87 == 0x4780:  # blx
            return FLOW_CALL
        return FLOW_RETURN if low in (0x4770, 0x46F7) or low >> 8 == 0xBD else FLOW_NONE
    second = np.int64(half[1])
    if low & 0xF800 == 0xF000 and second & 0xC000 == 0xC000:
        return FLOW_CALL
    if (low == 0xE8BD and second & 0x8000 != 0) or (low == 0xF85D and second == 0xFB04):
        return FLOW_RETURN
    restores = (low == 0xF3DE and second & 0xFF00 == 0x8F00) or (low & 0xFE50 == 0xE810 and second == 0xC000)
    return FLOW_TRAP_RETURN if restores else FLOW_NONE


@cfunc(types.uint64(types.intp))
def stack(address: Word) -> Word:
    """sp, of the current mode."""
    return r(carray(as_engine(address), 1)[0], SP)


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """The address in TTBR0, plus 1, in user mode."""
    engine = carray(as_engine(address), 1)[0]
    if mode(engine) != U(USR):
        return U(0)
    return get32(engine, TTBR0) & U(ROOT) | U(1)
