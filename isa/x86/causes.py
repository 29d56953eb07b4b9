"""Exceptions and interrupts: Intel SDM volume 3A, table 6-1; which push an error code, section 6.13."""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector


class Cause(IntEnum):
    """Vectors of exceptions."""

    DIVIDE_ERROR = 0
    DEBUG = 1
    NMI = 2
    BREAKPOINT = 3
    OVERFLOW = 4
    BOUND_RANGE_EXCEEDED = 5
    INVALID_OPCODE = 6
    DEVICE_NOT_AVAILABLE = 7
    DOUBLE_FAULT = 8
    COPROCESSOR_SEGMENT_OVERRUN = 9
    INVALID_TSS = 10
    SEGMENT_NOT_PRESENT = 11
    STACK_FAULT = 12
    GENERAL_PROTECTION = 13
    PAGE_FAULT = 14
    FLOATING_POINT = 16
    ALIGNMENT_CHECK = 17
    MACHINE_CHECK = 18
    SIMD_FLOATING_POINT = 19


class Line(IntEnum):
    """Interrupt lines of machine `bare`: the bit in the control block's `lines`."""

    EXTERNAL = 0
    TIMER = 1
    SOFTWARE = 2


FIRST_INTERRUPT = 0x20
"""Vector of line 0; of several lines that are high, the lowest is taken first."""

TRIPLE_FAULT = 0x100
"""Added to the vector of the exception that began it: the processor has shut down, SDM 6.15 (#DF)."""

_NAMES = {
    Cause.NMI: "non-maskable interrupt",
    Cause.BOUND_RANGE_EXCEEDED: "BOUND range exceeded",
    Cause.INVALID_TSS: "invalid TSS",
    Cause.FLOATING_POINT: "x87 floating-point error",
    Cause.SIMD_FLOATING_POINT: "SIMD floating-point exception",
}


def _name(cause: Cause) -> str:
    return _NAMES.get(cause, cause.name.lower().replace("_", " "))


VECTORS: tuple[Vector, ...] = (
    *(Vector(cause, _name(cause)) for cause in Cause),
    *(Vector(TRIPLE_FAULT + cause, f"triple fault ({_name(cause)})") for cause in Cause),
    *(Vector(FIRST_INTERRUPT + line, f"{line.name.lower()} interrupt", interrupt=True) for line in Line),
)
