"""AArch64 exception classes, as the EC field of ESR_ELx has them, and interrupts.

Source: Arm Architecture Reference Manual for A-profile (DDI 0487), section D17.2.37, table of EC encodings.
"""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector


class Cause(IntEnum):
    """Exception classes: the number in GuestException exits and ESR_ELx.EC."""

    UNKNOWN = 0x00
    WAIT = 0x01
    FLOATING = 0x07
    POINTER_AUTHENTICATION = 0x09
    BRANCH_TARGET = 0x0D
    ILLEGAL_STATE = 0x0E
    SVC_32 = 0x11
    HVC_32 = 0x12
    SMC_32 = 0x13
    SVC = 0x15
    HVC = 0x16
    SMC = 0x17
    SYSTEM_REGISTER = 0x18
    SVE = 0x19
    ERET = 0x1A
    FETCH_LOWER = 0x20
    FETCH = 0x21
    PC_ALIGNMENT = 0x22
    DATA_LOWER = 0x24
    DATA = 0x25
    SP_ALIGNMENT = 0x26
    FLOATING_EXCEPTION_32 = 0x28
    FLOATING_EXCEPTION = 0x2C
    SERROR = 0x2F
    BREAKPOINT_LOWER = 0x30
    BREAKPOINT = 0x31
    STEP_LOWER = 0x32
    STEP = 0x33
    WATCHPOINT_LOWER = 0x34
    WATCHPOINT = 0x35
    BKPT_32 = 0x38
    BRK = 0x3C


class Interrupt(IntEnum):
    """Asynchronous exceptions, in the order of their vectors."""

    IRQ = 0
    FIQ = 1
    SERROR = 2


_NAMES = {
    Cause.UNKNOWN: "undefined instruction",
    Cause.WAIT: "trapped WFI or WFE",
    Cause.FLOATING: "trapped access to SVE, SIMD or floating point",
    Cause.POINTER_AUTHENTICATION: "trapped pointer authentication",
    Cause.BRANCH_TARGET: "branch target exception",
    Cause.ILLEGAL_STATE: "illegal execution state",
    Cause.SVC_32: "SVC in AArch32",
    Cause.HVC_32: "HVC in AArch32",
    Cause.SMC_32: "SMC in AArch32",
    Cause.SVC: "supervisor call (SVC)",
    Cause.HVC: "hypervisor call (HVC)",
    Cause.SMC: "secure monitor call (SMC)",
    Cause.SYSTEM_REGISTER: "trapped MSR, MRS or system instruction",
    Cause.SVE: "trapped access to SVE",
    Cause.ERET: "trapped ERET",
    Cause.FETCH_LOWER: "instruction abort from a lower level",
    Cause.FETCH: "instruction abort",
    Cause.PC_ALIGNMENT: "PC alignment fault",
    Cause.DATA_LOWER: "data abort from a lower level",
    Cause.DATA: "data abort",
    Cause.SP_ALIGNMENT: "SP alignment fault",
    Cause.FLOATING_EXCEPTION_32: "trapped floating-point exception in AArch32",
    Cause.FLOATING_EXCEPTION: "trapped floating-point exception",
    Cause.SERROR: "SError interrupt",
    Cause.BREAKPOINT_LOWER: "breakpoint from a lower level",
    Cause.BREAKPOINT: "breakpoint",
    Cause.STEP_LOWER: "software step from a lower level",
    Cause.STEP: "software step",
    Cause.WATCHPOINT_LOWER: "watchpoint from a lower level",
    Cause.WATCHPOINT: "watchpoint",
    Cause.BKPT_32: "BKPT in AArch32",
    Cause.BRK: "breakpoint instruction (BRK)",
}

VECTORS: tuple[Vector, ...] = (
    *(Vector(cause, _NAMES[cause]) for cause in Cause),
    *(Vector(line, line.name, interrupt=True) for line in Interrupt),
)
