"""Arm registers in the engine's CPU state, for compiled code of both profiles. Works in place only: see `layout`."""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa import native
from isa.arm.layout import Slot
from isa.native import Record, Word, as_u16, as_u32, code_at, note
from isa.records import LOG_INTERRUPT, LOG_TRAP, LOG_UNMAPPED

U = np.uint64
# Constants are of a width: a function called with plain ones is compiled for each of them.
REGS, THUMB, CONDEXEC, UNCACHED = (
    np.int64(Slot.REGS),
    np.int64(Slot.THUMB),
    np.int64(Slot.CONDEXEC),
    np.int64(Slot.UNCACHED),
)
EXCLUSIVE = np.int64(Slot.EXCLUSIVE)
SP, LR, PC = np.int64(13), np.int64(14), np.int64(15)
UNDEFINED, SUPERVISOR, PREFETCH, DATA = np.int64(1), np.int64(2), np.int64(3), np.int64(4)
BREAKPOINT, EXCEPTION_EXIT, MONITOR = np.int64(7), np.int64(8), np.int64(13)
NO_COPROCESSOR, INVALID_STATE, STACK_LIMIT, UNALIGNED, YIELD = (
    np.int64(17),
    np.int64(18),
    np.int64(19),
    np.int64(22),
    np.int64(0x10004),
)
"""The engine's numbers of exceptions (EXCP_* of its source)."""
TRAP_EVENT, INTERRUPT_EVENT, UNMAPPED_EVENT = (
    np.int64(LOG_TRAP),
    np.int64(LOG_INTERRUPT),
    np.int64(LOG_UNMAPPED),
)
USR, MON = 0x10, 0x16
HVC_A32, HVC_T32 = 0xE1400070, 0x8000F7E0
"""`hvc #0`; T32 as its bytes in memory make one word."""


@njit
def get32(engine: Record, slot: Word) -> Word:
    """As `isa.native.get32`; not inlined, which would take a minute to compile."""
    return native.get32(engine, slot)


@njit
def put32(engine: Record, slot: Word, value: Word) -> None:
    native.put32(engine, slot, value)


@njit
def get64(engine: Record, slot: Word) -> Word:
    return native.get64(engine, slot)


@njit
def put64(engine: Record, slot: Word, value: Word) -> None:
    native.put64(engine, slot, value)


@njit
def place(engine: Record, slot: Word) -> Word:
    return native.place(engine, slot)


@njit
def r(engine: Record, number: Word) -> Word:
    """Core register `number`, of the current mode."""
    return U(carray(as_u32(place(engine, REGS)), 16)[number])


@njit
def put_r(engine: Record, number: Word, value: Word) -> None:
    carray(as_u32(place(engine, REGS)), 16)[number] = np.uint32(value)


@njit
def mode(engine: Record) -> Word:
    return get32(engine, UNCACHED) & U(0x1F)


@njit
def instruction_at(engine: Record, pc: Word) -> Word:
    """The instruction at a guest-virtual pc as the word that its bytes make, T32 of 2 bytes as those; 0 where it cannot
    be read."""
    at = code_at(engine, pc, 2)
    if at == 0:
        return U(0)
    low = U(carray(as_u16(at), 1)[0])
    if get32(engine, THUMB) != U(0) and low >> U(11) < U(0x1D):
        return low
    at = code_at(engine, pc + 2, 2)
    if at == 0:
        return low
    return low | U(carray(as_u16(at), 1)[0]) << U(16)


@njit
def word_at(engine: Record, address: Word) -> Word:
    """A word of guest memory that holds code or vectors; 0 where it cannot be read."""
    at = code_at(engine, address, 4)
    if at == 0:
        return U(0)
    return U(carray(as_u32(at), 1)[0])


@njit
def leave_it_block(engine: Record) -> None:
    """The instruction that ITSTATE belongs to is over [a A2.5.2]."""
    it = get32(engine, CONDEXEC)
    if it & U(7) == U(0):
        it = U(0)
    else:
        it = it & U(0xE0) | (it << U(1)) & U(0x1F)
    put32(engine, CONDEXEC, it)


@njit
def log(engine: Record, control: Record, kind: Word, pc: Word, cause: Word, value: Word) -> None:
    """Note an event, where somebody listens."""
    if engine.log_on != U(0):
        note(engine, control, kind, U(pc), np.int64(cause), U(value), np.int64(1))
