"""Exception vectors: MC68040 User's Manual, table 8-1; M68000PM/AD, table B-1. The number is the place in the vector
table."""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector


class Cause(IntEnum):
    """Vectors of exceptions that are no interrupts. TRAP is that of `trap #0`."""

    ACCESS_FAULT = 2
    ADDRESS_ERROR = 3
    ILLEGAL_INSTRUCTION = 4
    DIVIDE_BY_ZERO = 5
    CHK = 6
    TRAPCC = 7
    PRIVILEGE_VIOLATION = 8
    TRACE = 9
    LINE_A = 10
    LINE_F = 11
    FORMAT_ERROR = 14
    TRAP = 32
    FP_BRANCH_UNORDERED = 48
    FP_INEXACT = 49
    FP_DIVIDE_BY_ZERO = 50
    FP_UNDERFLOW = 51
    FP_OPERAND_ERROR = 52
    FP_OVERFLOW = 53
    FP_SIGNALING_NAN = 54
    FP_UNIMPLEMENTED_TYPE = 55
    MMU_CONFIGURATION = 56
    MMU_ILLEGAL_OPERATION = 57
    MMU_ACCESS_LEVEL = 58


SPURIOUS, AUTOVECTOR, TRAPS = 24, 24, 16
"""AUTOVECTOR + n is the vector of interrupt level n, 1 to 7."""
SOFTWARE_LEVEL, EXTERNAL_LEVEL, TIMER_LEVEL = 1, 4, 6
"""The interrupt levels of machine `bare`; the bit of a line is its level."""

_NAMES = {
    Cause.CHK: "CHK, CHK2 instruction",
    Cause.TRAPCC: "TRAPcc, TRAPV instruction",
    Cause.LINE_A: "line A emulator",
    Cause.LINE_F: "line F emulator",
    Cause.FP_BRANCH_UNORDERED: "FP branch or set on unordered condition",
    Cause.FP_INEXACT: "FP inexact result",
    Cause.FP_DIVIDE_BY_ZERO: "FP divide by zero",
    Cause.FP_UNDERFLOW: "FP underflow",
    Cause.FP_OPERAND_ERROR: "FP operand error",
    Cause.FP_OVERFLOW: "FP overflow",
    Cause.FP_SIGNALING_NAN: "FP signaling NaN",
    Cause.FP_UNIMPLEMENTED_TYPE: "FP unimplemented data type",
    Cause.MMU_CONFIGURATION: "MMU configuration error",
    Cause.MMU_ILLEGAL_OPERATION: "MMU illegal operation",
    Cause.MMU_ACCESS_LEVEL: "MMU access level violation",
}

VECTORS: tuple[Vector, ...] = (
    *(
        Vector(cause, _NAMES.get(cause, cause.name.lower().replace("_", " ")))
        for cause in Cause
        if cause is not Cause.TRAP
    ),
    *(Vector(Cause.TRAP + n, f"trap #{n}") for n in range(TRAPS)),
    Vector(SPURIOUS, "spurious interrupt", interrupt=True),
    *(Vector(AUTOVECTOR + level, f"level {level} interrupt", interrupt=True) for level in range(1, 8)),
)
