"""Where the engine keeps m68k state: measured on a live engine through the API, and by what instructions write.

Fields that neither shows lie between fields that one does, and at the distance that the engine's structure has; where
the neighbours are elsewhere, calibration fails.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from enum import IntEnum
from typing import Protocol

import unicorn.m68k_const as mc

from isa.layout import NotFound, Probe, follow
from isa.m68k import table


class Slot(IntEnum):
    """Indices into the layout: each entry is a byte offset into the CPU state, but for FAMILY, which is a `Family`."""

    D0 = 0
    A0 = 1
    PC = 2
    SR = 3  # without the condition codes
    BANK = 4  # which of the three stack pointers a7 is now: 0 master, 1 user, 2 interrupt
    STACKS = 5  # the three, of which that one is stale
    CC_OP = 6  # how X, N, V, C, Z follow from the five words behind it
    FP0 = 7
    FPCR = 8
    FPSR = 9
    FP_STATUS = 10  # bytes: [1] rounding mode, [3] precision, in the engine's own numbers
    ACC0 = 11
    MACSR = 12
    MASK = 13
    FAULT_ADDRESS = 14
    FAULT_STATUS = 15  # MC68040's special status word
    TC = 16
    URP = 17
    SRP = 18
    TRANSPARENT = 19  # dtt0, dtt1, itt0, itt1
    MMUSR = 20
    VBR = 21
    CACR = 22
    SFC = 23
    DFC = 24
    SPARE = 25  # words that the engine does not use
    FAMILY = 26


class Family(IntEnum):
    """What decides stack frames, stack pointers and encodings."""

    M68000 = 0
    M68020 = 1  # MC68020 and MC68030
    M68040 = 2
    M68060 = 3
    COLDFIRE = 4


class Model(Protocol):
    @property
    def name(self) -> str: ...


class Described(Probe, Protocol):
    """A probe that says which CPU model it is, and which engine, and has our compiled callbacks."""

    @property
    def model(self) -> Model: ...

    @property
    def handle(self) -> ctypes.c_void_p: ...

    @property
    def callbacks(self) -> Mapping[str, int]: ...


FAMILIES = {
    "m68000": Family.M68000,
    "m68020": Family.M68020,
    "m68030": Family.M68020,
    "m68040": Family.M68040,
    "m68060": Family.M68060,
}
"""The other models are ColdFire."""

_A, _B = 0x5A5A1230, 0x3C3C4568
_FOLLOWED: tuple[tuple[Slot, int, tuple[int, int], int], ...] = (
    # slot, the engine's register, two values that it keeps, bytes
    (Slot.D0, mc.UC_M68K_REG_D0, (_A, _B), 4),
    (Slot.A0, mc.UC_M68K_REG_A0, (_A, _B), 4),
    (Slot.PC, mc.UC_M68K_REG_PC, (_A, _B), 4),
    (Slot.STACKS, mc.UC_M68K_REG_CR_MSP, (_A, _B), 4),
    (Slot.URP, mc.UC_M68K_REG_CR_URP, (_A, _B), 4),
    (Slot.SRP, mc.UC_M68K_REG_CR_SRP, (_A, _B), 4),
    (Slot.TRANSPARENT, mc.UC_M68K_REG_CR_DTT0, (_A, _B), 4),
    (Slot.MMUSR, mc.UC_M68K_REG_CR_MMUSR, (_A, _B), 4),
)
_NEIGHBOURS: tuple[tuple[Slot, Slot, int], ...] = (
    # slot, a slot that is measured, distance
    (Slot.SR, Slot.PC, 4),
    (Slot.BANK, Slot.PC, 8),
    (Slot.CC_OP, Slot.STACKS, 12),
    (Slot.FP0, Slot.STACKS, 36),
    (Slot.FPCR, Slot.STACKS, 180),
    (Slot.FPSR, Slot.STACKS, 184),
    (Slot.FP_STATUS, Slot.STACKS, 188),
    (Slot.ACC0, Slot.STACKS, 204),
    (Slot.MACSR, Slot.URP, -20),
    (Slot.MASK, Slot.URP, -16),
    (Slot.FAULT_ADDRESS, Slot.URP, -12),
    (Slot.FAULT_STATUS, Slot.URP, -8),
    (Slot.TC, Slot.URP, -4),
    (Slot.VBR, Slot.MMUSR, 4),
    (Slot.CACR, Slot.MMUSR, 16),
    (Slot.SFC, Slot.MMUSR, 20),
    (Slot.DFC, Slot.MMUSR, 24),
    (Slot.SPARE, Slot.MMUSR, 36),
)
_DISTANCES: tuple[tuple[Slot, Slot, int], ...] = (
    (Slot.A0, Slot.D0, 32),
    (Slot.PC, Slot.D0, 64),
    (Slot.STACKS, Slot.PC, 12),
    (Slot.URP, Slot.STACKS, 256),
    (Slot.SRP, Slot.URP, 4),
    (Slot.TRANSPARENT, Slot.URP, 12),
    (Slot.MMUSR, Slot.URP, 28),
)
"""What must hold for the neighbours to be where they are."""
CODE = 0x10000
_MOVEC_VBR = bytes.fromhex("4e7b0801")  # movec d0,vbr
_FMOVE_FPCR = bytes.fromhex("f2009000")  # fmove.l d0,fpcr
_FMOVE_FP0 = bytes.fromhex("f2004000")  # fmove.l d0,fp0
SUPERVISOR = 0x2700


def calibrate(probe: Described) -> list[int]:
    """Byte offsets by `Slot`, for a fresh engine; leaves it in the state of power-on: supervisor, interrupts masked."""
    probe.write(mc.UC_M68K_REG_SR, SUPERVISOR)
    layout = [0] * len(Slot)
    for slot, register, values, size in _FOLLOWED:
        layout[slot] = follow(probe, register, values, size)
    for slot, other, distance in _DISTANCES:
        if layout[slot] != layout[other] + distance:
            raise NotFound(f"the engine's m68k state has {slot.name} elsewhere")
    for slot, other, distance in _NEIGHBOURS:
        layout[slot] = layout[other] + distance
    family = FAMILIES.get(probe.model.name, Family.COLDFIRE)
    layout[Slot.FAMILY] = family
    _check(probe, layout, family)
    movep = family in (Family.M68000, Family.M68020, Family.M68040)
    coldfire = family == Family.COLDFIRE
    table.make_safe(probe, probe.handle, probe.callbacks, coldfire=coldfire, movep=movep)
    return layout


def _check(probe: Described, layout: list[int], family: Family) -> None:
    """What instructions write must be where the distances say: VBR on all, FPCR and fp0 where there is an FPU."""
    written = [(_MOVEC_VBR, Slot.VBR, _A.to_bytes(4, "little"))]
    if family in (Family.M68020, Family.M68040):
        written.append((_FMOVE_FPCR, Slot.FPCR, (_A & 0xFFFF).to_bytes(4, "little")))
        written.append((_FMOVE_FP0, Slot.FP0, ((_A << 33) & ((1 << 64) - 1)).to_bytes(8, "little")))
    for code, slot, expected in written:
        probe.write(mc.UC_M68K_REG_D0, _A)
        probe.execute_code(code, CODE)
        at = layout[slot]
        if probe.state_now()[at : at + len(expected)] != expected:
            raise NotFound(f"the engine's m68k state does not hold {slot.name} where it should")
        probe.write(mc.UC_M68K_REG_D0, 0)
        probe.execute_code(code, CODE)
    probe.write(mc.UC_M68K_REG_PC, 0)
    probe.write(mc.UC_M68K_REG_SR, SUPERVISOR)
