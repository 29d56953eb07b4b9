"""AArch64 registers in the engine's CPU state, for compiled code: places in the layout, and what PSTATE says."""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.aarch64.layout import Slot, slot
from isa.native import (
    Record,
    Word,
    as_i64,
    as_u32,
    as_u64,
    get32,
    get64,
    instruction_place,
    place,
    put64,
)

U = np.uint64
X0, PC, PSTATE, DAIF = int(Slot.X0), int(Slot.PC), int(Slot.PSTATE), int(Slot.DAIF)
ELR_EL, ESR_EL, FAR_EL, VBAR_EL, SCTLR_EL = (
    int(Slot.ELR_EL),
    int(Slot.ESR_EL),
    int(Slot.FAR_EL),
    int(Slot.VBAR_EL),
    int(Slot.SCTLR_EL),
)
ZERO, CARRY, OVERFLOW, NEGATIVE = int(Slot.ZERO), int(Slot.CARRY), int(Slot.OVERFLOW), int(Slot.NEGATIVE)
TIMER, SYNDROME, RAISE = int(Slot.TIMER), int(Slot.SYNDROME), int(Slot.RAISE)
AARCH64, R0, THUMB, CPSR = int(Slot.AARCH64), int(Slot.R0), int(Slot.THUMB), int(Slot.CPSR)
USER, MONITOR, HYPERVISOR = 0x10, 0x16, 0x1A  # modes of AArch32
HCR_EL2, CNTVOFF_EL2, CNTHCTL_EL2, CNTKCTL_EL1, MDCR_EL2 = (
    slot("hcr_el2"),
    slot("cntvoff_el2"),
    slot("cnthctl_el2"),
    slot("cntkctl_el1"),
    slot("mdcr_el2"),
)
PMCR, PMCNTEN, PMCCNTR, PMUSERENR = (
    slot("pmcr_el0"),
    slot("pmcntenset_el0"),
    slot("pmccntr_el0"),
    slot("pmuserenr_el0"),
)
BREAKPOINT_VALUE, BREAKPOINT_CONTROL, WATCHPOINT_VALUE, WATCHPOINT_CONTROL = (
    slot("dbgbvr0_el1"),
    slot("dbgbcr0_el1"),
    slot("dbgwvr0_el1"),
    slot("dbgwcr0_el1"),
)
ID_AA64ISAR0, ID_AA64MMFR1 = slot("id_aa64isar0_el1"), slot("id_aa64mmfr1_el1")


@njit
def constant(engine: Record, slot: Word) -> Word:
    """A system register that is a constant of the CPU model."""
    return U(carray(as_i64(np.intp(engine.layout)), 1 << 10)[slot])


@njit
def pc_of(engine: Record) -> Word:
    """The pc, of AArch64 or AArch32 state."""
    if get32(engine, AARCH64) != U(0):
        return get64(engine, PC)
    return U(carray(as_u32(place(engine, R0)), 16)[15])


@njit
def put_pc(engine: Record, pc: Word) -> None:
    if get32(engine, AARCH64) != U(0):
        put64(engine, PC, pc)
    else:
        carray(as_u32(place(engine, R0)), 16)[15] = np.uint32(pc)


@njit
def level(engine: Record) -> Word:
    """The exception level."""
    if get32(engine, AARCH64) != U(0):
        return np.int64(get32(engine, PSTATE) >> U(2)) & 3
    mode = np.int64(get32(engine, CPSR)) & 0x1F
    if mode == USER:
        return 0
    return 2 if mode == HYPERVISOR else 3 if mode == MONITOR else 1


@njit
def x(engine: Record, number: Word) -> Word:
    """General register `number`, 31 for zero."""
    if number == 31:
        return U(0)
    return carray(as_u64(place(engine, X0)), 32)[number]


@njit
def put_x(engine: Record, number: Word, value: Word) -> None:
    if number != 31:
        carray(as_u64(place(engine, X0)), 32)[number] = U(value)


@njit
def stack(engine: Record) -> Word:
    """The stack pointer in use."""
    return carray(as_u64(place(engine, X0)), 32)[31]


@njit
def indexed(engine: Record, slot: Word, index: Word) -> Word:
    """Word `index` of the registers that begin at a place of the layout."""
    return carray(as_u64(place(engine, slot)), 64)[index]


@njit
def put_indexed(engine: Record, slot: Word, index: Word, value: Word) -> None:
    carray(as_u64(place(engine, slot)), 64)[index] = U(value)


@njit
def instruction_at(engine: Record, pc: Word) -> Word:
    """The instruction word at a guest-virtual pc; 0, which is no instruction, where it cannot be read."""
    if pc & 3 != 0:
        return 0
    at = instruction_place(engine, pc)
    return np.int64(carray(as_u32(at), 1)[0]) if at != 0 else 0


@njit
def data_address(engine: Record, word: Word, pc: Word) -> Word:
    """Guest-virtual address at which a load or store begins (DDI 0487, section C4.1.94)."""
    base, group = word >> 5 & 31, word >> 28 & 3
    if word & 0xFFFFFFE0 == 0xD50B7420:  # DC ZVA
        return x(engine, word & 31) & ~U(63)
    if group == 1 and word >> 24 & 1 == 0:
        return U(pc + ((word >> 5 & 0x7FFFF) ^ 0x40000) * 4 - 0x40000 * 4)
    address = stack(engine) if base == 31 else x(engine, base)
    if group == 2 and word >> 23 & 3 != 1:  # a pair
        vector = word >> 26 & 1
        scale = 2 + (word >> 30 if vector == 1 else word >> 31)
        return address + U((((word >> 15 & 0x7F) ^ 0x40) - 0x40) << scale)
    if group == 1:  # LDAPUR, STLUR
        return address + U(((word >> 12 & 0x1FF) ^ 0x100) - 0x100)
    if group == 3:
        scale = word >> 30
        if word & 0x04800000 == 0x04800000:
            scale = 4
        if word >> 24 & 1 == 1:
            return address + U((word >> 10 & 0xFFF) << scale)
        if word >> 21 & 1 == 0 and word >> 10 & 3 != 1:
            return address + U(((word >> 12 & 0x1FF) ^ 0x100) - 0x100)
        if word >> 21 & 1 == 1 and word >> 10 & 3 == 2:
            index = x(engine, word >> 16 & 31)
            if word >> 13 & 1 == 0:
                index &= U(0xFFFFFFFF)
                if word >> 15 & 1 == 1 and index >> U(31) != U(0):
                    index |= U(0xFFFFFFFF) << U(32)
            return address + (index << U(scale) if word >> 12 & 1 == 1 else index)
    return address
