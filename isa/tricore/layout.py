"""Where the engine keeps TriCore state: measured on a live engine through the API, and by what mtcr writes."""

from __future__ import annotations

from enum import IntEnum

import unicorn.tricore_const as tc

from isa.layout import NotFound, Probe, follow
from isa.tricore.registers import CORE


class Slot(IntEnum):
    """Indices into the layout: each entry is a byte offset into the CPU state."""

    A0 = 0
    D0 = 1
    PCXI = 2
    PSW = 3  # with flags that are not those of the last results: these are in the five words behind it
    FLAGS = 4  # C where the word is not 0; V, SV, AV, SAV: bit 31 of each
    PC = 5
    CORE = 6  # the registers of `registers.CORE`, a word each, in that order
    BIV = 7
    BTV = 8
    ISP = 9
    ICR = 10
    FCX = 11
    LCX = 12


_A, _B = 0x5A5A1230, 0x3C3C4568
_FOLLOWED: tuple[tuple[Slot, int], ...] = (
    (Slot.A0, tc.UC_TRICORE_REG_A0),
    (Slot.D0, tc.UC_TRICORE_REG_D0),
    (Slot.PCXI, tc.UC_TRICORE_REG_PCXI),
    (Slot.PC, tc.UC_TRICORE_REG_PC),
    (Slot.CORE, tc.UC_TRICORE_REG_SYSCON),
    (Slot.BIV, tc.UC_TRICORE_REG_BIV),
    (Slot.BTV, tc.UC_TRICORE_REG_BTV),
    (Slot.ISP, tc.UC_TRICORE_REG_ISP),
    (Slot.ICR, tc.UC_TRICORE_REG_ICR),
    (Slot.FCX, tc.UC_TRICORE_REG_FCX),
    (Slot.LCX, tc.UC_TRICORE_REG_LCX),
)
CODE = 0x40000
RESET_PSW = 0xB80


def mtcr(address: int, register: int) -> bytes:
    """The instruction that writes d[register] to a core register."""
    return (address << 12 | register << 8 | 0xCD).to_bytes(4, "little")


def calibrate(probe: Probe) -> list[int]:
    """Byte offsets by `Slot`, for a fresh engine; leaves its registers as after reset."""
    layout = [0] * len(Slot)
    for slot, register in _FOLLOWED:
        layout[slot] = follow(probe, register, (_A, _B), 4)
    layout[Slot.PSW] = layout[Slot.PCXI] + 4
    layout[Slot.FLAGS] = layout[Slot.PCXI] + 8
    if layout[Slot.PC] != layout[Slot.PCXI] + 28:
        raise NotFound("the engine's TriCore state has PC elsewhere")
    names = [name for _, name, _, _ in CORE]
    for name, slot in (("biv", Slot.BIV), ("btv", Slot.BTV), ("icr", Slot.ICR), ("lcx", Slot.LCX)):
        if layout[slot] != layout[Slot.CORE] + 4 * names.index(name):
            raise NotFound(f"the engine's TriCore state has {name} elsewhere")
    _check(probe, layout)
    return layout


def _check(probe: Probe, layout: list[int]) -> None:
    """Core registers without an id, first, middle and last: where mtcr writes them. And PSW."""
    for i, (address, name, _, _) in enumerate(CORE):
        if name in ("dpr0_0l", "cpm3", "mmu_tfa", "m3cnt"):
            for value in (_A, 0):
                probe.write(tc.UC_TRICORE_REG_D0, value)
                probe.execute_code(mtcr(address, 0), CODE)
                at = layout[Slot.CORE] + 4 * i
                if value and probe.state_now()[at : at + 4] != value.to_bytes(4, "little"):
                    raise NotFound(f"the engine's TriCore state does not hold {name} where it should")
    at = layout[Slot.PSW]
    if probe.state_now()[at : at + 4] != RESET_PSW.to_bytes(4, "little"):
        raise NotFound("the engine's TriCore state does not hold psw where it should")
    probe.write(tc.UC_TRICORE_REG_PC, 0)
