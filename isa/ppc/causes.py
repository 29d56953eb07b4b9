"""Interrupt vectors, by their offset: PowerPC has no cause register, the place that is gone to is the cause.

Source: Power ISA 3.0B, Book III, figure 66 (effective addresses of interrupt vectors); MPC7410 user's manual, table 4-2.
"""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector


class Offset(IntEnum):
    SYSTEM_RESET = 0x100
    MACHINE_CHECK = 0x200
    DATA_STORAGE = 0x300
    DATA_SEGMENT = 0x380
    INSTRUCTION_STORAGE = 0x400
    INSTRUCTION_SEGMENT = 0x480
    EXTERNAL = 0x500
    ALIGNMENT = 0x600
    PROGRAM = 0x700
    FLOATING_POINT_UNAVAILABLE = 0x800
    DECREMENTER = 0x900
    DIRECTED_PRIVILEGED_DOORBELL = 0xA00
    SYSTEM_CALL = 0xC00
    TRACE = 0xD00
    PERFORMANCE_MONITOR = 0xF00
    VECTOR_UNAVAILABLE = 0xF20
    VSX_UNAVAILABLE = 0xF40
    FACILITY_UNAVAILABLE = 0xF60
    INSTRUCTION_BREAKPOINT = 0x1300
    SYSTEM_MANAGEMENT = 0x1400
    VECTOR_ASSIST = 0x1600
    THERMAL_MANAGEMENT = 0x1700
    RUN_MODE = 0x2000


_INTERRUPTS = (
    Offset.EXTERNAL,
    Offset.DECREMENTER,
    Offset.DIRECTED_PRIVILEGED_DOORBELL,
    Offset.SYSTEM_MANAGEMENT,
    Offset.THERMAL_MANAGEMENT,
)

VECTORS: tuple[Vector, ...] = tuple(
    Vector(
        offset,
        f"{offset.name.lower().replace('_', ' ').replace('vsx', 'VSX')} interrupt",
        interrupt=offset in _INTERRUPTS,
    )
    for offset in Offset
)
