"""Where the M profile's state is: beside the A profile's (`layout`), and in words of our own.

The engine has no interrupt controller. What one remembers is kept among the registers of a 64-bit CPU, which lie in the
engine's CPU state and are used by no 32-bit one: so it is saved and put back with everything else. [m] is the ARMv7-M
Architecture Reference Manual (DDI 0403E).
"""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import Final

from isa.arm.layout import Core, Probe, Slot, calibrate

CPUIDS: Final = {
    0x410C_C200: "cortex-m0",
    0x410F_C231: "cortex-m3",
    0x410F_C240: "cortex-m4",
    0x411F_C272: "cortex-m7",
    0x410F_D213: "cortex-m33",
}
CPUID: Final = len(Slot)
"""Index into the layout of the value of CPUID."""


class V7M(IntEnum):
    """Offsets from Slot.V7M. Of a pair of words, the second is that of secure state."""

    OTHER_SP = 0  # of MSP and PSP the one that is not sp
    VTOR = 12
    BASEPRI = 20
    CONTROL = 28
    CCR = 36
    CFSR = 44
    HFSR = 52
    DFSR = 56
    MMFAR = 64
    BFAR = 72
    EXCEPTION = 88  # IPSR
    PRIMASK = 92
    FAULTMASK = 100
    SECURE = 112
    SCR = 124
    MSPLIM = 132
    PSPLIM = 140
    FPCAR = 148
    FPCCR = 156
    FPDSCR = 164
    CPACR = 172


class Nvic(IntEnum):
    """Indices of words from Slot.XREGS. Bit n of the first four is external interrupt n, of the next three exception
    n."""

    ENABLED = 0
    PENDING = 1
    ACTIVE = 2
    LEVEL = 3  # of the lines, as they were looked at last
    SYSTEM_PENDING = 4
    SYSTEM_ACTIVE = 5
    SYSTEM_ENABLED = 6  # of MemManage, BusFault, UsageFault
    PRIGROUP = 7
    RESET = 8  # the stack pointer and the pc are still to be loaded from the vector table
    RUNNING = 9  # priority of what is active: 0 is highest, 256 none; biased by 2, for NMI and HardFault
    BEST = 10  # exception number of the most urgent that is pending and enabled, 0 none
    BEST_PRIORITY = 11  # its group priority, biased by 2
    DEMCR = 12
    PRIORITIES = 16  # 12 bytes: exceptions 4 to 15, as SHPR1 to SHPR3; then 32 bytes: external interrupts


WORDS: Final = Nvic.PRIORITIES + 3 + 8
BIAS: Final = 2
NONE: Final = 256 + BIAS
_BEHIND: Final = 8192


def calibrate_m(probe: Probe) -> list[int]:
    """The layout of a fresh engine: the slots of `layout`, then CPUID."""
    slots = calibrate(probe)[: len(Slot)]
    core = Core(probe)
    behind = ctypes.string_at(core.state + slots[Slot.END], _BEHIND)
    found = [value for value in CPUIDS if value.to_bytes(4, "little") in behind]
    core.restore()
    if len(found) != 1:
        raise RuntimeError("the engine's CPU object holds no CPUID of a Cortex-M")
    return [*slots, found[0]]
