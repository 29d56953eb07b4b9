"""SPARC registers in the engine's CPU state, for compiled code of both widths, and the engine's own functions on it.

The state is the engine's own, in place: where it was not found, no guest runs (`begin`).
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit, types

from isa.native import (
    Record,
    Word,
    as_i64,
    as_u32,
    as_u64,
    get32,
    get64,
    place,
    put32,
    put64,
)
from isa.sparc.causes import FILL, SPILL
from isa.sparc.slots import Slot

U = np.uint64
PC, NPC, CWP, WINDOW, BASE = int(Slot.PC), int(Slot.NPC), int(Slot.CWP), int(Slot.WINDOW), int(Slot.BASE)
PIL, S, ET, MMU = int(Slot.PIL), int(Slot.S), int(Slot.ET), int(Slot.MMU)
CANSAVE, NWINDOWS = int(Slot.CANSAVE), int(Slot.NWINDOWS)
ITLB, CONTEXT = int(Slot.ITLB), int(Slot.CONTEXT)
PSTATE, TL, MAXTL, LSU, G0 = int(Slot.PSTATE), int(Slot.TL), int(Slot.MAXTL), int(Slot.LSU), int(Slot.G0)
KEPT_NPC, KEPT_STEP = int(Slot.KEPT_NPC), int(Slot.KEPT_STEP)
KEPT_LIMIT = int(Slot.KEPT_LIMIT)
PSTATE_IE, PSTATE_PRIV = 2, 4

do_interrupt_v8 = types.ExternalFunction("sparc_cpu_do_interrupt_sparc", types.void(types.intp))
do_interrupt_v9 = types.ExternalFunction("sparc_cpu_do_interrupt_sparc64", types.void(types.intp))


@njit(forceinline=True)
def get(engine: Record, slot: Word) -> Word:
    """A register of the machine's width."""
    return get64(engine, slot) if engine.wide != U(0) else get32(engine, slot)


@njit(forceinline=True)
def put(engine: Record, slot: Word, value: Word) -> None:
    if engine.wide != U(0):
        put64(engine, slot, value)
    else:
        put32(engine, slot, value)


@njit(forceinline=True)
def cut(engine: Record, value: Word) -> Word:
    """An address of the machine's width."""
    return U(value) if engine.wide != U(0) else U(value) & U(0xFFFFFFFF)


@njit(forceinline=True)
def supervisor(engine: Record) -> Word:
    if engine.wide != U(0):
        return get32(engine, PSTATE) & U(PSTATE_PRIV) != U(0)
    return get32(engine, S) != U(0)


@njit(forceinline=True)
def kept(engine: Record, slot: Word) -> Word:
    """A word of the layout that is no offset."""
    return U(carray(as_i64(np.intp(engine.layout)), 64)[slot])


@njit(forceinline=True)
def keep(engine: Record, slot: Word, value: Word) -> None:
    carray(as_i64(np.intp(engine.layout)), 64)[slot] = np.int64(value)


@njit
def point(engine: Record) -> None:
    """Have the engine's pointer to the current window point into this engine: the state may be another's."""
    size = U(8) if engine.wide != U(0) else U(4)
    put64(engine, WINDOW, U(place(engine, BASE)) + get32(engine, CWP) * U(16) * size)


@njit
def r(engine: Record, number: Word) -> Word:
    """General register `number`, as instructions count them."""
    if number == 0:
        return U(0)
    size = 8 if engine.wide != U(0) else 4
    at = place(engine, G0) + size * number
    if number >= 8:
        at = place(engine, BASE) + size * (np.int64(get32(engine, CWP)) * 16 + number - 8)
    if engine.wide != U(0):
        return carray(as_u64(at), 1)[0]
    return U(carray(as_u32(at), 1)[0])


@njit
def follow(engine: Record, control: Record) -> None:
    """Have the engine's pc be the control block's. Somebody may have moved that: then npc is the word after it."""
    if get(engine, PC) != cut(engine, control.pc):
        put(engine, PC, control.pc)
        put(engine, NPC, control.pc + U(4))


@njit(error_model="numpy")
def enter_trap(engine: Record, number: Word) -> None:
    """The engine's own delivery: PSR or the trap stack, the window, pc and npc [V8 7.1, V9 7.6]. It gives up where
    there is none (`deliverable`)."""
    carray(as_u32(np.intp(engine.exception)), 1)[0] = np.uint32(number)
    point(engine)
    if engine.wide != U(0):
        saved = get32(engine, CANSAVE)
        if SPILL <= number < FILL:  # the engine counts windows back from CANSAVE, and only once around
            windows = get32(engine, NWINDOWS)
            around = saved % windows if windows != U(0) else U(0)
            put32(engine, CANSAVE, around if around + U(1) != windows else U(0xFFFF_FFFF))
        do_interrupt_v9(np.intp(engine.cpu))
        put32(engine, CANSAVE, saved)
    else:
        do_interrupt_v8(np.intp(engine.cpu))


@njit
def deliverable(engine: Record) -> Word:
    """Whether a trap has somewhere to go: else the CPU stops in error state [V8 7.2, V9 7.2.1.1]."""
    if engine.wide != U(0):
        return get32(engine, TL) < get32(engine, MAXTL)
    return get32(engine, ET) != U(0)
