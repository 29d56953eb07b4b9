"""RISC-V registers in the engine's saved CPU state, for compiled code of both widths.

All state is read and written there (`layout`), between `isa.native.save` and `restore`: unlike the API it does not obey
the guest's privilege, and it keeps an LR reservation.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.native import (
    Record,
    Word,
    as_i64,
    as_u16,
    as_u32,
    as_u64,
    code_at,
)
from isa.riscv.layout import Slot

U = np.uint64
X0, F0, PC, PRIV, BADADDR = int(Slot.X0), int(Slot.F0), int(Slot.PC), int(Slot.PRIV), int(Slot.BADADDR)
MSTATUS, MIP, MIE, MEDELEG, SATP = (
    int(Slot.MSTATUS),
    int(Slot.MIP),
    int(Slot.MIE),
    int(Slot.MEDELEG),
    int(Slot.SATP),
)
STVEC, SEPC, SCAUSE, STVAL = int(Slot.STVEC), int(Slot.SEPC), int(Slot.SCAUSE), int(Slot.STVAL)
MTVEC, MEPC, MCAUSE, MTVAL = int(Slot.MTVEC), int(Slot.MEPC), int(Slot.MCAUSE), int(Slot.MTVAL)
SCOUNTEREN, MCOUNTEREN, PMP_RULES = int(Slot.SCOUNTEREN), int(Slot.MCOUNTEREN), int(Slot.PMP_RULES)
PMP = int(Slot.PMP)
USER, SUPERVISOR, MACHINE = 0, 1, 3


@njit(forceinline=True)
def get(engine: Record, slot: Word) -> Word:
    """A register of the saved state."""
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[slot]
    if engine.wide != U(0):
        return carray(as_u64(at), 1)[0]
    return U(carray(as_u32(at), 1)[0])


@njit(forceinline=True)
def put(engine: Record, slot: Word, value: Word) -> None:
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[slot]
    if engine.wide != U(0):
        carray(as_u64(at), 1)[0] = U(value)
    else:
        carray(as_u32(at), 1)[0] = np.uint32(value)


@njit(forceinline=True)
def x(engine: Record, number: Word) -> Word:
    """General register `number` of the saved state."""
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[X0]
    if engine.wide != U(0):
        return carray(as_u64(at), 32)[number]
    return U(carray(as_u32(at), 32)[number])


@njit(forceinline=True)
def put_x(engine: Record, number: Word, value: Word) -> None:
    at = np.intp(engine.state) + carray(as_i64(np.intp(engine.layout)), 32)[X0]
    if engine.wide != U(0):
        carray(as_u64(at), 32)[number] = U(value)
    else:
        carray(as_u32(at), 32)[number] = np.uint32(value)


@njit
def instruction_at(engine: Record, pc: Word) -> Word:
    """The instruction word at a guest-virtual pc, 16 or 32 bits; 0 where it cannot be read."""
    at = code_at(engine, pc, 2)
    if at == 0:
        return 0
    low = np.int64(carray(as_u16(at), 1)[0])
    if low & 3 != 3:
        return low
    at = code_at(engine, pc + 2, 2)
    if at == 0:
        return low
    return low | np.int64(carray(as_u16(at), 1)[0]) << 16
