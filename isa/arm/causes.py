"""Exceptions by number. A profile [a table B1-3]: the vector's place in the table; M profile: see `m_registers`."""

from __future__ import annotations

from enum import IntEnum

from isa.contract import Vector


class Cause(IntEnum):
    """The A profile's exceptions: offset of the vector / 4. A breakpoint has the prefetch abort's vector."""

    UNDEFINED = 1
    SUPERVISOR_CALL = 2
    PREFETCH_ABORT = 3
    DATA_ABORT = 4
    IRQ = 6
    FIQ = 7
    BREAKPOINT = 8
    MONITOR_CALL = 9


_NAMES = {Cause.UNDEFINED: "undefined instruction", Cause.MONITOR_CALL: "secure monitor call"}

VECTORS: tuple[Vector, ...] = (
    *(
        Vector(cause, _NAMES.get(cause, cause.name.lower().replace("_", " ")))
        for cause in Cause
        if cause not in (Cause.IRQ, Cause.FIQ)
    ),
    Vector(Cause.IRQ, "IRQ", interrupt=True),
    Vector(Cause.FIQ, "FIQ", interrupt=True),
)


class MException(IntEnum):
    """The M profile's exceptions by number (ARMv7-M Architecture Reference Manual, DDI 0403E, table B1-4)."""

    NMI = 2
    HARD_FAULT = 3
    MEM_MANAGE = 4
    BUS_FAULT = 5
    USAGE_FAULT = 6
    SV_CALL = 11
    DEBUG_MONITOR = 12
    PEND_SV = 14
    SYS_TICK = 15
    EXTERNAL = 16


M_LINES = 32
"""External interrupts: exceptions 16 to 47."""
_M_NAMES = {
    MException.NMI: "NMI",
    MException.HARD_FAULT: "HardFault",
    MException.MEM_MANAGE: "MemManage",
    MException.BUS_FAULT: "BusFault",
    MException.USAGE_FAULT: "UsageFault",
    MException.SV_CALL: "SVCall",
    MException.DEBUG_MONITOR: "DebugMonitor",
    MException.PEND_SV: "PendSV",
    MException.SYS_TICK: "SysTick",
}

M_VECTORS: tuple[Vector, ...] = (
    *(Vector(number, name) for number, name in _M_NAMES.items()),
    *(Vector(number, name, interrupt=True) for number, name in _M_NAMES.items()),
    *(Vector(16 + line, f"interrupt {line}", interrupt=True) for line in range(M_LINES)),
)
