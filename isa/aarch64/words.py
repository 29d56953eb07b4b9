"""AArch64 registers in the engine's CPU state, for compiled code: places in the layout, and what PSTATE says."""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from isa.aarch64.layout import Slot, slot
from isa.native import Record, Word, as_i64, as_u32, as_u64, get32, instruction_place, place

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


@njit(inline="always")
def constant(engine: Record, slot: Word) -> Word:
    """A system register that is a constant of the CPU model."""
    return U(carray(as_i64(np.intp(engine.layout)), 1 << 10)[slot])


@njit(inline="always")
def level(engine: Record) -> Word:
    """The exception level."""
    return np.int64(get32(engine, PSTATE) >> U(2)) & 3


@njit(inline="always")
def x(engine: Record, number: Word) -> Word:
    """General register `number`, 31 for zero."""
    if number == 31:
        return U(0)
    return carray(as_u64(place(engine, X0)), 32)[number]


@njit(inline="always")
def put_x(engine: Record, number: Word, value: Word) -> None:
    if number != 31:
        carray(as_u64(place(engine, X0)), 32)[number] = U(value)


@njit(inline="always")
def stack(engine: Record) -> Word:
    """The stack pointer in use."""
    return carray(as_u64(place(engine, X0)), 32)[31]


@njit(inline="always")
def indexed(engine: Record, slot: Word, index: Word) -> Word:
    """Word `index` of the registers that begin at a place of the layout."""
    return carray(as_u64(place(engine, slot)), 64)[index]


@njit(inline="always")
def put_indexed(engine: Record, slot: Word, index: Word, value: Word) -> None:
    carray(as_u64(place(engine, slot)), 64)[index] = U(value)


@njit
def instruction_at(engine: Record, pc: Word) -> Word:
    """The instruction word at a guest-virtual pc; 0, which is no instruction, where it cannot be read."""
    if pc & 3 != 0:
        return 0
    at = instruction_place(engine, pc)
    return np.int64(carray(as_u32(at), 1)[0]) if at != 0 else 0
