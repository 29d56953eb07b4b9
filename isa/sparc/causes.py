"""Trap types [V8 table 7-1; V9 table 7-1, UltraSPARC Architecture 2005 table 12-4], as the engine raises them."""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector

GATE = 0x56
"""The software trap of a call to the VMM: `ta 0x56`, in supervisor mode on machine `bare`."""


class V8(IntEnum):
    RESET = 0x00
    INSTRUCTION_ACCESS_EXCEPTION = 0x01
    ILLEGAL_INSTRUCTION = 0x02
    PRIVILEGED_INSTRUCTION = 0x03
    FP_DISABLED = 0x04
    WINDOW_OVERFLOW = 0x05
    WINDOW_UNDERFLOW = 0x06
    MEM_ADDRESS_NOT_ALIGNED = 0x07
    FP_EXCEPTION = 0x08
    DATA_ACCESS_EXCEPTION = 0x09
    TAG_OVERFLOW = 0x0A
    INSTRUCTION_ACCESS_ERROR = 0x21
    CP_DISABLED = 0x24
    UNIMPLEMENTED_FLUSH = 0x25
    DATA_ACCESS_ERROR = 0x29
    DIVISION_BY_ZERO = 0x2A


class V9(IntEnum):
    POWER_ON_RESET = 0x01
    INSTRUCTION_ACCESS_EXCEPTION = 0x08
    INSTRUCTION_ACCESS_ERROR = 0x0A
    ILLEGAL_INSTRUCTION = 0x10
    PRIVILEGED_OPCODE = 0x11
    FP_DISABLED = 0x20
    FP_EXCEPTION_IEEE_754 = 0x21
    TAG_OVERFLOW = 0x23
    CLEAN_WINDOW = 0x24
    DIVISION_BY_ZERO = 0x28
    DATA_ACCESS_EXCEPTION = 0x30
    DATA_ACCESS_ERROR = 0x32
    MEM_ADDRESS_NOT_ALIGNED = 0x34
    PRIVILEGED_ACTION = 0x37
    INSTRUCTION_REAL_TRANSLATION_MISS = 0x3E
    DATA_REAL_TRANSLATION_MISS = 0x3F
    INTERRUPT_VECTOR = 0x60
    FAST_INSTRUCTION_ACCESS_MMU_MISS = 0x64
    FAST_DATA_ACCESS_MMU_MISS = 0x68
    FAST_DATA_ACCESS_PROTECTION = 0x6C


INTERRUPT_V8, SOFTWARE_V8 = 0x10, 0x80
INTERRUPT_V9, SPILL, FILL, SOFTWARE_V9 = 0x40, 0x80, 0xC0, 0x100
LEVELS = range(1, 16)


def _name(cause: IntEnum) -> str:
    return cause.name.lower()


def _interrupts(base: int) -> tuple[Vector, ...]:
    return tuple(Vector(base + level, f"interrupt_level_{level}", interrupt=True) for level in LEVELS)


def _software(base: int) -> tuple[Vector, ...]:
    return tuple(Vector(base + number, f"trap_instruction {number:#x}") for number in range(128))


def _windows(base: int, what: str) -> tuple[Vector, ...]:
    """Four trap types apart, by the three bits of WSTATE that say which; those of the other windows come after."""
    return tuple(
        Vector(base + 4 * number + 32 * other, f"{what}_{number}_{kind}")
        for other, kind in enumerate(("normal", "other"))
        for number in range(8)
    )


VECTORS_V8: tuple[Vector, ...] = (
    *(Vector(cause, _name(cause)) for cause in V8),
    *_interrupts(INTERRUPT_V8),
    *_software(SOFTWARE_V8),
)
VECTORS_V9: tuple[Vector, ...] = (
    *(Vector(cause, _name(cause)) for cause in V9),
    *_interrupts(INTERRUPT_V9),
    *_windows(SPILL, "spill"),
    *_windows(FILL, "fill"),
    *_software(SOFTWARE_V9),
)
