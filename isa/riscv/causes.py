"""Trap causes, privileged specification 1.12, table 3.6 (mcause)."""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector


class Cause(IntEnum):
    """Exceptions: mcause without the interrupt bit."""

    INSTRUCTION_ADDRESS_MISALIGNED = 0
    INSTRUCTION_ACCESS_FAULT = 1
    ILLEGAL_INSTRUCTION = 2
    BREAKPOINT = 3
    LOAD_ADDRESS_MISALIGNED = 4
    LOAD_ACCESS_FAULT = 5
    STORE_ADDRESS_MISALIGNED = 6
    STORE_ACCESS_FAULT = 7
    ECALL_FROM_U = 8
    ECALL_FROM_S = 9
    ECALL_FROM_M = 11
    INSTRUCTION_PAGE_FAULT = 12
    LOAD_PAGE_FAULT = 13
    STORE_PAGE_FAULT = 15


class Interrupt(IntEnum):
    """Interrupts: the bit in mip and mie, and mcause without its interrupt bit."""

    SUPERVISOR_SOFTWARE = 1
    MACHINE_SOFTWARE = 3
    SUPERVISOR_TIMER = 5
    MACHINE_TIMER = 7
    SUPERVISOR_EXTERNAL = 9
    MACHINE_EXTERNAL = 11


PRIORITY: tuple[Interrupt, ...] = (
    Interrupt.MACHINE_EXTERNAL,
    Interrupt.MACHINE_SOFTWARE,
    Interrupt.MACHINE_TIMER,
    Interrupt.SUPERVISOR_EXTERNAL,
    Interrupt.SUPERVISOR_SOFTWARE,
    Interrupt.SUPERVISOR_TIMER,
)
"""The order in which simultaneous interrupts to one mode are taken (section 3.1.9)."""

_EXCEPTION_NAMES = {
    Cause.STORE_ADDRESS_MISALIGNED: "store/AMO address misaligned",
    Cause.STORE_ACCESS_FAULT: "store/AMO access fault",
    Cause.STORE_PAGE_FAULT: "store/AMO page fault",
    Cause.ECALL_FROM_U: "environment call from U-mode",
    Cause.ECALL_FROM_S: "environment call from S-mode",
    Cause.ECALL_FROM_M: "environment call from M-mode",
}

VECTORS: tuple[Vector, ...] = (
    *(Vector(cause, _EXCEPTION_NAMES.get(cause, cause.name.lower().replace("_", " "))) for cause in Cause),
    *(Vector(line, f"{line.name.lower().replace('_', ' ')} interrupt", interrupt=True) for line in Interrupt),
)
