"""Interruption codes: what the CPU stores at real addresses 0x86 and 0x8E.

Source: z/Architecture Principles of Operation (SA22-7832-12), chapter 6, figure 6-1 and "External Interruption".
"""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector


class Program(IntEnum):
    """Program interruptions."""

    OPERATION = 0x01
    PRIVILEGED_OPERATION = 0x02
    EXECUTE = 0x03
    PROTECTION = 0x04
    ADDRESSING = 0x05
    SPECIFICATION = 0x06
    DATA = 0x07
    FIXED_POINT_OVERFLOW = 0x08
    FIXED_POINT_DIVIDE = 0x09
    DECIMAL_OVERFLOW = 0x0A
    DECIMAL_DIVIDE = 0x0B
    HFP_EXPONENT_OVERFLOW = 0x0C
    HFP_EXPONENT_UNDERFLOW = 0x0D
    HFP_SIGNIFICANCE = 0x0E
    HFP_DIVIDE = 0x0F
    SEGMENT_TRANSLATION = 0x10
    PAGE_TRANSLATION = 0x11
    TRANSLATION_SPECIFICATION = 0x12
    SPECIAL_OPERATION = 0x13
    OPERAND = 0x15
    TRACE_TABLE = 0x16
    VECTOR_PROCESSING = 0x1B
    SPACE_SWITCH_EVENT = 0x1C
    HFP_SQUARE_ROOT = 0x1D
    PC_TRANSLATION_SPECIFICATION = 0x1F
    ALET_SPECIFICATION = 0x28
    ASCE_TYPE = 0x38
    REGION_FIRST_TRANSLATION = 0x39
    REGION_SECOND_TRANSLATION = 0x3A
    REGION_THIRD_TRANSLATION = 0x3B
    MONITOR_EVENT = 0x40
    PER_EVENT = 0x80
    CRYPTO_OPERATION = 0x119


NULLIFYING: tuple[Program, ...] = (
    Program.SEGMENT_TRANSLATION,
    Program.PAGE_TRANSLATION,
    Program.TRACE_TABLE,
    Program.SPACE_SWITCH_EVENT,
    Program.ASCE_TYPE,
    Program.REGION_FIRST_TRANSLATION,
    Program.REGION_SECOND_TRANSLATION,
    Program.REGION_THIRD_TRANSLATION,
    Program.PER_EVENT,
)
"""The old PSW designates the instruction itself; after all others it designates the next one."""


class External(IntEnum):
    """External interruptions that a line of ours makes."""

    CLOCK_COMPARATOR = 0x1004
    EMERGENCY_SIGNAL = 0x1201
    SERVICE_SIGNAL = 0x2401


SUPERVISOR_CALL = 0x1C0
"""Where its new PSW is: a supervisor call has a code of its own, from 0 to 255, and no program interruption code."""


_UPPER = ("hfp", "pc", "alet", "asce", "per")


def _name(cause: IntEnum) -> str:
    words = cause.name.lower().split("_")
    return " ".join(word.upper() if word in _UPPER else word for word in words)


def _program_name(cause: Program) -> str:
    name = _name(cause)
    return name if name.endswith("event") else f"{name} exception"


VECTORS: tuple[Vector, ...] = (
    *(Vector(cause, _program_name(cause)) for cause in Program),
    Vector(SUPERVISOR_CALL, "supervisor call"),
    *(Vector(cause, _name(cause), interrupt=True) for cause in External),
)
