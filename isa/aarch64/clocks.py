"""AArch64, native: system registers that the engine answers with host time, or would use to arm what we lack.

The engine calls a hook before every MRS and MSR (UC_HOOK_INSN), with the pc of the instruction; 1 skips the instruction.
Whoever may not access a register is left to the engine, which then takes the guest's exception. [arm] is DDI 0487.
"""

from __future__ import annotations

import numpy as np
import unicorn.arm64_const as uc
from numba import carray, cfunc, njit, types

from isa.aarch64.state import COUNTER_PERIOD
from isa.aarch64.words import (
    BREAKPOINT_CONTROL,
    BREAKPOINT_VALUE,
    CARRY,
    CNTHCTL_EL2,
    CNTKCTL_EL1,
    CNTVOFF_EL2,
    HCR_EL2,
    ID_AA64ISAR0,
    ID_AA64MMFR1,
    MDCR_EL2,
    NEGATIVE,
    OVERFLOW,
    PC,
    PMCCNTR,
    PMCNTEN,
    PMCR,
    PMUSERENR,
    TIMER,
    WATCHPOINT_CONTROL,
    WATCHPOINT_VALUE,
    ZERO,
    U,
    constant,
    indexed,
    level,
    put_indexed,
    put_x,
    x,
)
from isa.native import Record, Word, as_control, as_u32, engine_record, get64, guest_time, put32, put64

PHYSICAL, VIRTUAL, HYPERVISOR, SECURE, HYPERVISOR_VIRTUAL = range(5)  # the engine's timers, in order
E2H = U(1 << 34)  # HCR_EL2
TPM_BITS = U(1 << 6 | 1 << 5)  # MDCR_EL2: accesses to performance monitors trap
ENABLE, MASK, STATUS = U(1), U(2), U(4)  # CNTx_CTL [arm D17.11]
PMCR_KEPT = U(0x79)  # the bits of PMCR_EL0 that are written, but for P and C, which act
CYCLES = U(1 << 31)
TIMERS, MONITORS, RANDOM = 14, 9, 2  # CRn
BREAKPOINTS, WATCHPOINTS = 6, 4  # of every CPU model [ID_AA64DFR0_EL1]
FIRST, FRAME, LINK = int(uc.UC_ARM64_REG_X0), int(uc.UC_ARM64_REG_X29), int(uc.UC_ARM64_REG_X30)
SPLIT = (U(0x9E3779B97F4A7C15), U(0xBF58476D1CE4E5B9), U(0x94D049BB133111EB))  # splitmix64


@njit
def retired_here(engine: Record, control: Record) -> Word:
    """Instructions retired before the one at the pc, whose block is charged as a whole already."""
    into = get64(engine, PC) - control.block_pc
    if control.block_count != U(0) and into < control.block_size:
        return control.retired - control.block_count + into // U(4)
    return control.retired


@njit
def counter(engine: Record, control: Record) -> Word:
    """CNTPCT_EL0 as this instruction sees it."""
    charged = control.retired
    control.retired = retired_here(engine, control)
    now = guest_time(engine, control) // U(COUNTER_PERIOD)
    control.retired = charged
    return now


@njit
def offset(engine: Record, timer: Word) -> Word:
    """What the counter of a timer is behind CNTPCT_EL0 [arm D11.1.2]."""
    if timer == VIRTUAL and not (level(engine) == 2 and get64(engine, HCR_EL2) & E2H != U(0)):
        return get64(engine, CNTVOFF_EL2)
    return U(0)


@njit
def may(engine: Record, virtual: Word, timer: Word) -> Word:
    """Whether the current level may access a counter or (timer 1) a timer of EL0 [arm CNTKCTL_EL1, CNTHCTL_EL2]."""
    at = level(engine)
    hosted = get64(engine, HCR_EL2) & E2H != U(0)
    if at == 0:
        bit = 8 + 1 - virtual if timer else virtual
        if hosted or get64(engine, CNTKCTL_EL1) >> U(bit) & U(1) == U(0):
            return False
    if at <= 1 and not virtual:
        return not hosted and get64(engine, CNTHCTL_EL2) >> U(timer) & U(1) != U(0)
    return True


@njit
def timer_of(engine: Record, op1: Word, crm: Word) -> Word:
    """The timer that an encoding with CRn 14 names; -1 where the current level may not access it."""
    at = level(engine)
    virtual = crm == 3
    if op1 == 3:
        if not may(engine, 1 if virtual else 0, 1):
            return -1
        hosted = at == 2 and get64(engine, HCR_EL2) & E2H != U(0)
        if hosted:
            return HYPERVISOR_VIRTUAL if virtual else HYPERVISOR
        return VIRTUAL if virtual else PHYSICAL
    if op1 == 7:
        return SECURE if at == 3 and crm == 2 else -1
    hosts = constant(engine, ID_AA64MMFR1) >> U(8) & U(15) != U(0)  # FEAT_VHE
    if at < 2 or op1 == 6 or ((op1 == 5 or virtual) and not hosts):
        return -1
    if op1 == 4:
        return HYPERVISOR_VIRTUAL if virtual else HYPERVISOR
    return VIRTUAL if virtual else PHYSICAL


@njit
def read_timer(engine: Record, control: Record, timer: Word, op2: Word) -> Word:
    """CNTx_TVAL, CNTx_CTL, CNTx_CVAL [arm D11.2.4]."""
    value = indexed(engine, TIMER, 2 * timer)
    if op2 == 2:
        return value
    now = counter(engine, control) - offset(engine, timer)
    if op2 == 0:
        return (value - now) & U(0xFFFFFFFF)
    status = indexed(engine, TIMER, 2 * timer + 1) & (ENABLE | MASK)
    return status | STATUS if status & ENABLE != U(0) and now >= value else status


@njit
def write_timer(engine: Record, control: Record, timer: Word, op2: Word, value: Word) -> None:
    if op2 == 1:
        put_indexed(engine, TIMER, 2 * timer + 1, value & (ENABLE | MASK))
        return
    if op2 == 0:
        near = U(np.int64(np.int32(np.uint32(value & U(0xFFFFFFFF)))))
        value = near + counter(engine, control) - offset(engine, timer)
    put_indexed(engine, TIMER, 2 * timer, value)


@njit
def counts(engine: Record) -> Word:
    """Whether PMCCNTR_EL0 counts [arm D13.4]."""
    return get64(engine, PMCR) & U(1) != U(0) and get64(engine, PMCNTEN) & CYCLES != U(0)


@njit
def may_monitor(engine: Record) -> Word:
    at = level(engine)
    if at == 0 and get64(engine, PMUSERENR) & U(1) == U(0):
        return False
    return at >= 2 or get64(engine, MDCR_EL2) & TPM_BITS == U(0)


@njit
def cycles(engine: Record, control: Record) -> Word:
    """PMCCNTR_EL0: instructions retired while it counts."""
    value = get64(engine, PMCCNTR)
    return value + retired_here(engine, control) if counts(engine) else value


@njit
def write_monitor(engine: Record, control: Record, crm: Word, op2: Word, value: Word) -> Word:
    """MSR of PMCR_EL0, PMCNTENSET_EL0, PMCNTENCLR_EL0 or PMCCNTR_EL0; False for any other register."""
    now = cycles(engine, control)
    if crm == 13 and op2 == 0:
        now = value
    elif crm == 12 and op2 == 0:
        now = U(0) if value & U(4) != U(0) else now
        put64(engine, PMCR, get64(engine, PMCR) & ~PMCR_KEPT | value & PMCR_KEPT)
    elif crm == 12 and op2 == 1:
        put64(engine, PMCNTEN, get64(engine, PMCNTEN) | value & CYCLES)
    elif crm == 12 and op2 == 2:
        put64(engine, PMCNTEN, get64(engine, PMCNTEN) & ~value)
    else:
        return False
    put64(engine, PMCCNTR, now - retired_here(engine, control) if counts(engine) else now)
    return True


@njit
def random(engine: Record, control: Record) -> Word:
    """RNDR, RNDRRS: the same numbers in every run. PSTATE.NZCV says that there was one [arm K12.1]."""
    value = (retired_here(engine, control) + U(1)) * SPLIT[0] + (control.vcpu_id << U(56))
    value = (value ^ (value >> U(30))) * SPLIT[1]
    value = (value ^ (value >> U(27))) * SPLIT[2]
    put32(engine, NEGATIVE, 0)
    put32(engine, ZERO, 1)
    put32(engine, CARRY, 0)
    put32(engine, OVERFLOW, 0)
    return value ^ (value >> U(31))


@njit
def general(register: Word) -> Word:
    """The engine's number of a general register, as its number in instructions; 31 for zero."""
    if register == LINK:
        return 30
    if register == FRAME:
        return 29
    return register - FIRST if FIRST <= register <= FIRST + 28 else 31


@njit
def read(engine: Record, control: Record, op1: Word, crn: Word, crm: Word, op2: Word) -> tuple[Word, Word]:
    """(1, value) of a register that is answered here and that the current level may read, else (0, 0)."""
    nothing = 0, U(0)
    if crn == TIMERS:
        if op1 == 3 and crm == 0 and op2 in (1, 2):
            virtual = op2 == 2
            if not may(engine, 1 if virtual else 0, 0):
                return nothing
            return 1, counter(engine, control) - (offset(engine, VIRTUAL) if virtual else U(0))
        if op1 < 3 or op2 > 2 or crm not in (2, 3):
            return nothing
        timer = timer_of(engine, op1, crm)
        return nothing if timer < 0 else (1, read_timer(engine, control, timer, op2))
    if op1 != 3:
        return nothing
    if crn == MONITORS and crm == 13 and op2 == 0 and may_monitor(engine):
        return 1, cycles(engine, control)
    if crn == RANDOM and crm == 4 and op2 <= 1 and constant(engine, ID_AA64ISAR0) >> U(60) != U(0):
        return 1, random(engine, control)
    return nothing


@njit
def write(engine: Record, control: Record, encoding: Word, value: Word) -> Word:
    """Carry out a write of a register that is kept here and that the current level may write; False for any other.
    `encoding` is op0 to op2 as in the instruction."""
    op1, crn, crm, op2 = encoding >> 11 & 7, encoding >> 7 & 15, encoding >> 3 & 15, encoding & 7
    if encoding >> 14 == 2:
        if op1 != 0 or crn != 0 or op2 < 4 or level(engine) == 0:
            return False
        # A breakpoint that is armed would outlive its guest: the engine keeps them outside the CPU state.
        if crm >= (BREAKPOINTS if op2 < 6 else WATCHPOINTS):
            return False
        first = BREAKPOINT_VALUE
        if op2 == 5:
            first = BREAKPOINT_CONTROL
        elif op2 == 6:
            first = WATCHPOINT_VALUE
        elif op2 == 7:
            first = WATCHPOINT_CONTROL
        put_indexed(engine, first, crm, value)
        return True
    if crn == TIMERS and op1 >= 3 and op2 <= 2 and crm in (2, 3):
        timer = timer_of(engine, op1, crm)
        if timer >= 0:
            write_timer(engine, control, timer, op2, value)
        return timer >= 0
    if crn == MONITORS and op1 == 3 and crm in (12, 13) and may_monitor(engine):
        return write_monitor(engine, control, crm, op2, value)
    return False


@cfunc(types.uint32(types.intp, types.int32, types.intp, types.CPointer(engine_record)))
def on_mrs(handle: Word, register: Word, where: Word, user: Record) -> Word:
    """Before an MRS. `where` is the engine's uc_arm64_cp_reg: CRn, CRm, op0, op1, op2, 32 bits each."""
    parts = carray(as_u32(where), 5)
    crn = np.int64(parts[0])
    if parts[2] != np.uint32(3) or crn not in (TIMERS, MONITORS, RANDOM):
        return np.uint32(0)
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    known, value = read(engine, control, np.int64(parts[3]), crn, np.int64(parts[1]), np.int64(parts[4]))
    if known == 0:
        return np.uint32(0)
    put_x(engine, general(np.int64(register)), value)
    return np.uint32(1)


@cfunc(types.uint32(types.intp, types.int32, types.intp, types.CPointer(engine_record)))
def on_msr(handle: Word, register: Word, where: Word, user: Record) -> Word:
    """Before an MSR; likewise."""
    parts = carray(as_u32(where), 5)
    crn = np.int64(parts[0])
    if parts[2] == np.uint32(3) and crn not in (TIMERS, MONITORS):
        return np.uint32(0)
    engine = carray(user, 1)[0]
    control = carray(as_control(np.intp(engine.control)), 1)[0]
    encoding = np.int64(parts[2]) << 14 | np.int64(parts[3]) << 11 | crn << 7 | np.int64(parts[1]) << 3
    value = x(engine, general(np.int64(register)))
    return np.uint32(1 if write(engine, control, encoding | np.int64(parts[4]), value) else 0)
