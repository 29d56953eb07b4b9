"""Where the engine keeps z/Architecture state in a saved context: measured on a live engine, never assumed.

What has no register in the API lies in known order around those that have (QEMU 5.0, target/s390x/cpu.h,
CPUS390XState); the two ends of that stretch are measured, and must agree. The state of power-on gets 64-bit addressing,
as QEMU's own loader gives it.
"""

from __future__ import annotations

from enum import IntEnum

import unicorn.s390x_const as sc

from isa.layout import NotFound, Probe, follow
from isa.s390x import decoding


class Slot(IntEnum):
    """Indices into the layout: each entry is a byte offset into the saved CPU state."""

    R0 = 0
    VECTOR = 1  # 32 registers of two words, the upper first
    ACCESS = 2
    FPC = 3
    PSW_MASK = 4
    PSW_ADDRESS = 5
    PREFIX = 6
    PROGRAM_CODE = 7  # u32, as the next three
    PROGRAM_LENGTH = 8
    CALL_CODE = 9
    CALL_LENGTH = 10
    C0 = 11
    CLOCK_COMPARATOR = 12
    CPU_TIMER = 13
    TOD_PROGRAMMABLE = 14
    BREAKING = 15
    CONDITION = 16  # u32: how the condition code is to be computed, itself where below 4
    OPERANDS = 17  # of that computation: three words
    ROUNDING = 18  # byte: how the engine rounds, with fpc


MASK_64 = 0x1_8000_0000
"""PSW mask: extended and basic addressing."""
_SFPC_R1 = b"\xb3\x84\x00\x10"  # set fpc from r1
_AFP = 1 << 18  # of control register 0: lets it
_CODE = 0x10000
_ROUNDING_MODES = (0, 3, 2, 1)  # the engine's number for fpc's rounding mode 0, 1, 2, 3


def calibrate(probe: Probe) -> list[int]:
    """Byte offsets by `Slot`; leaves the engine in 64-bit addressing."""
    layout = [0] * len(Slot)
    layout[Slot.R0] = follow(probe, sc.UC_S390X_REG_R0, (0x112233445A5A1233, 0x556677883C3C4564), 8)
    layout[Slot.VECTOR] = follow(probe, sc.UC_S390X_REG_F0, (0x112233445A5A1234, 0x556677883C3C4565), 8)
    layout[Slot.ACCESS] = follow(probe, sc.UC_S390X_REG_A0, (0x5A5A1233, 0x3C3C4564), 4)
    layout[Slot.FPC] = follow(probe, sc.UC_S390X_REG_FPC, (0x5A5A1230, 0x3C3C4560), 4)
    layout[Slot.PSW_ADDRESS] = follow(probe, sc.UC_S390X_REG_PC, (0x112233445A5A1236, 0x556677883C3C4566), 8)
    at = layout[Slot.PSW_ADDRESS]
    layout[Slot.PSW_MASK] = at - 8
    layout[Slot.PREFIX] = at + 48
    for i, slot in enumerate((Slot.PROGRAM_CODE, Slot.PROGRAM_LENGTH, Slot.CALL_CODE, Slot.CALL_LENGTH)):
        layout[slot] = at + 56 + 4 * i
    layout[Slot.CONDITION] = layout[Slot.FPC] + 4
    layout[Slot.OPERANDS] = at + 8
    value = probe.read(sc.UC_S390X_REG_CR0)
    layout[Slot.C0] = follow(probe, sc.UC_S390X_REG_CR0, (0x112233445A5A1237, 0x556677883C3C4567), 8)
    probe.write(sc.UC_S390X_REG_CR0, value | _AFP)
    layout[Slot.ROUNDING] = _rounding(probe, layout[Slot.FPC])
    probe.write(sc.UC_S390X_REG_CR0, value)
    if layout[Slot.C0] != at + 88:
        raise NotFound(
            "the engine's CPU state has another order than PSW, interruption codes, control registers"
        )
    layout[Slot.CLOCK_COMPARATOR] = layout[Slot.C0] + 128
    layout[Slot.CPU_TIMER] = layout[Slot.C0] + 136
    layout[Slot.TOD_PROGRAMMABLE] = layout[Slot.C0] + 144
    layout[Slot.BREAKING] = layout[Slot.C0] + 176
    probe.write(sc.UC_S390X_REG_PC, 0)
    probe.write(sc.UC_S390X_REG_PSWM, MASK_64)
    decoding.make_safe(probe)
    return layout


def _rounding(probe: Probe, fpc: int) -> int:
    """The byte behind fpc that takes on the engine's rounding modes."""
    states = []
    for mode in (1, 2, 3, 0):
        probe.write(sc.UC_S390X_REG_R1, mode)
        probe.execute_code(_SFPC_R1, _CODE)
        states.append(probe.state_now())
    probe.write(sc.UC_S390X_REG_R1, 0)
    states = states[3:] + states[:3]
    for at in range(fpc + 4, fpc + 32):
        if tuple(one[at] for one in states) == _ROUNDING_MODES:
            return at
    raise NotFound("the engine's CPU state holds no rounding mode")
