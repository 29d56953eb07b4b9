"""PowerPC registers in the engine's saved CPU state, for compiled code of both widths; between `isa.native.save` and
`restore`. Guest memory is read big-endian here, or little-endian as MSR[LE] has it."""

from __future__ import annotations

import numpy as np
import unicorn.ppc_const as pc
from numba import carray, njit

from isa.native import (
    Record,
    Word,
    as_regions,
    as_u8,
    as_u32,
    as_u64,
    code_at,
    place,
    restore,
    uc_reg_write,
)
from isa.ppc import state
from isa.ppc.layout import Slot

U = np.uint64
REG_MSR = int(pc.UC_PPC_REG_MSR)
GPR, MSR, PC, SPR, ERROR, VECTORS, PREFIX = (
    int(Slot.GPR),
    int(Slot.MSR),
    int(Slot.PC),
    int(Slot.SPR),
    int(Slot.ERROR),
    int(Slot.VECTORS),
    int(Slot.PREFIX),
)
RESERVATION = 6  # words after XER
XER = int(Slot.XER)
MSR_EE, MSR_PR, MSR_ME, MSR_ILE, MSR_IP = (
    state.MSR_EE,
    state.MSR_PR,
    state.MSR_ME,
    state.MSR_ILE,
    state.MSR_IP,
)
MSR_TRANSLATES, MSR_SF, MSR_LE = state.MSR_IR | state.MSR_DR, state.MSR_SF, 1
DSISR, DAR, DEC, SRR0, SRR1, FSCR, SET_TBL, SET_TBU, HID0 = 18, 19, 22, 26, 27, 153, 284, 285, 1008


@njit(forceinline=True)
def nth(engine: Record, slot: Word, number: Word) -> Word:
    """Register `number` of those that begin at `slot`."""
    at = place(engine, slot)
    if engine.wide != U(0):
        return carray(as_u64(at), 1024)[number]
    return U(carray(as_u32(at), 1024)[number])


@njit(forceinline=True)
def put_nth(engine: Record, slot: Word, number: Word, value: Word) -> None:
    at = place(engine, slot)
    if engine.wide != U(0):
        carray(as_u64(at), 1024)[number] = U(value)
    else:
        carray(as_u32(at), 1024)[number] = np.uint32(U(value))


@njit
def put_msr(engine: Record, value: Word) -> None:
    """MSR, with what the engine derives from it; gives all that was changed to the engine."""
    restore(engine)
    cell = carray(as_u64(np.intp(engine.scratch)), 1)
    cell[0] = U(value)
    uc_reg_write(np.intp(engine.uc), np.int32(REG_MSR), np.intp(engine.scratch))


@njit(forceinline=True)
def word_at(at: Word, little: Word) -> Word:
    """32 bits at a host address."""
    data = carray(as_u8(at), 4)
    if little:
        return np.int64(data[0]) | np.int64(data[1]) << 8 | np.int64(data[2]) << 16 | np.int64(data[3]) << 24
    return np.int64(data[3]) | np.int64(data[2]) << 8 | np.int64(data[1]) << 16 | np.int64(data[0]) << 24


@njit
def instruction_at(engine: Record, address: Word) -> Word:
    """The instruction word at a guest-virtual address; 0 where it cannot be read."""
    at = code_at(engine, address, 4)
    if at == 0:
        return 0
    return word_at(at, nth(engine, MSR, 0) & U(MSR_LE) != U(0))


@njit
def is_handled(engine: Record, vector: Word) -> Word:
    """Whether there is an instruction at a real address: memory, and not zero, which is none [Book I 1.3.3]."""
    regions = carray(as_regions(np.intp(engine.regions)), 1 << 20)
    for i in range(engine.regions_count):
        row = regions[i]
        if row.lo <= U(vector) and U(vector) + U(3) <= row.hi:
            return word_at(np.intp(row.host + (U(vector) - row.lo)), False) != 0
    return False
