"""m68k state by register name, out of and into the engine's CPU state. See `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.m68k.flags import FLAGS, condition_codes
from isa.m68k.layout import Family, Slot
from isa.state import TableState

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

MASTER, USER, INTERRUPT = 0, 1, 2
"""Stack pointers, as the engine numbers them."""
KEPT, MASK_SHIFT = 0xFFE0, 8
"""Bits of SR that are no condition codes; where the interrupt mask begins."""
_BANKS: Final = {"msp": MASTER, "usp": USER, "isp": INTERRUPT}
_ROUNDING: Final = {0: 0, 1: 3, 2: 1, 3: 2}
"""FPCR's rounding modes (nearest, zero, down, up) as the engine numbers them."""
_PRECISION: Final = {0: 80, 1: 32, 2: 64, 3: 80}
DEFAULT_NAN: Final = 0x7FFF << 80 | (1 << 64) - 1
"""What the floating-point registers hold after a reset (MC68881/MC68882 User's Manual, section 2.1)."""
POWER_ON: Final = 0x2700


class State(TableState):
    """`layout` are the offsets by `Slot`; a7 is the stack pointer of the mode that runs."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        self._layout: Final = layout
        self._family: Final = layout[Slot.FAMILY]
        places = {
            "sr": (layout[Slot.SR], 4),
            "pc": (layout[Slot.PC], 4),
            "fpcr": (layout[Slot.FPCR], 4),
            "fpsr": (layout[Slot.FPSR], 4),
            "fpiar": (layout[Slot.SPARE], 4),
            "sfc": (layout[Slot.SFC], 4),
            "dfc": (layout[Slot.DFC], 4),
            "vbr": (layout[Slot.VBR], 4),
            "cacr": (layout[Slot.CACR], 4),
            "tc": (layout[Slot.TC], 2),
            "dtt0": (layout[Slot.TRANSPARENT], 4),
            "dtt1": (layout[Slot.TRANSPARENT] + 4, 4),
            "itt0": (layout[Slot.TRANSPARENT] + 8, 4),
            "itt1": (layout[Slot.TRANSPARENT] + 12, 4),
            "mmusr": (layout[Slot.MMUSR], 4),
            "urp": (layout[Slot.URP], 4),
            "srp": (layout[Slot.SRP], 4),
            "macsr": (layout[Slot.MACSR], 4),
            "mask": (layout[Slot.MASK], 4),
        }
        places |= {name: (layout[Slot.STACKS] + 4 * bank, 4) for name, bank in _BANKS.items()}
        for n in range(8):
            places[f"d{n}"] = (layout[Slot.D0] + 4 * n, 4)
            places[f"a{n}"] = (layout[Slot.A0] + 4 * n, 4)
            places[f"fp{n}"] = (layout[Slot.FP0] + 16 * n, 10)
        for n in range(4):
            places[f"acc{n}"] = (layout[Slot.ACC0] + 8 * n, 6)
        super().__init__(places)

    def _word(self, data: StateBytes, slot: Slot, index: int = 0) -> int:
        at = self._layout[slot] + 4 * index
        return int.from_bytes(data[at : at + 4], "little")

    def _put_word(self, data: bytearray | memoryview, slot: Slot, value: int, index: int = 0) -> None:
        at = self._layout[slot] + 4 * index
        data[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")

    def get(self, data: StateBytes, name: str) -> int:
        if name == "sr":
            operation, x, n, v, c, z = (self._word(data, Slot.CC_OP, i) for i in range(6))
            return self._word(data, Slot.SR) & KEPT | condition_codes(operation, x, n, v, c, z)
        if name.startswith("fp") and name[2].isdigit():
            value = super().get(data, name)
            return value >> 64 << 80 | value & (1 << 64) - 1
        if _BANKS.get(name) == self._word(data, Slot.BANK):
            name = "a7"
        return super().get(data, name)

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        if name == "sr":
            self._put_status(data, value)
            return
        if name.startswith("fp") and name[2].isdigit():
            value = value >> 80 << 64 | value & (1 << 64) - 1
        elif name == "fpcr":
            at = self._layout[Slot.FP_STATUS]
            data[at + 1], data[at + 3] = _ROUNDING[value >> 4 & 3], self._precision(value)
        elif _BANKS.get(name) == self._word(data, Slot.BANK):
            name = "a7"
        super().put(data, name, value)

    def _precision(self, fpcr: int) -> int:
        if self._family == Family.COLDFIRE:
            return 32 if fpcr & 0x40 else 64
        return _PRECISION[fpcr >> 6 & 3]

    def read(self, data: StateBytes) -> dict[str, int]:
        """The whole state by name; what the engine keeps in more ways than one comes in one."""
        canonical = bytearray(data)
        self._put_status(canonical, self.get(data, "sr"))
        for slot, index, words in (
            (Slot.FP0, 32, 4),
            (Slot.ACC0, -2, 2),
        ):  # results that nobody reads any more
            for i in range(words):
                self._put_word(canonical, slot, 0, index + i)
        self._put_word(
            canonical, Slot.STACKS, self._word(canonical, Slot.A0, 7), self._word(canonical, Slot.BANK)
        )
        return super().read(canonical)

    def _put_status(self, data: bytearray | memoryview, value: int) -> None:
        """Flags, and the stack pointer that the mode has."""
        codes = (value >> 4 & 1, -(value >> 3 & 1), -(value >> 1 & 1), value & 1, 1 - (value >> 2 & 1))
        for i, word in enumerate((FLAGS, *codes)):
            self._put_word(data, Slot.CC_OP, word, i)
        self._put_word(data, Slot.SR, value & KEPT)
        old = self._word(data, Slot.BANK)
        self._put_word(data, Slot.STACKS, self._word(data, Slot.A0, 7), old)
        new = bank(self._family, value, super().get(data, "cacr"))
        self._put_word(data, Slot.A0, self._word(data, Slot.STACKS, new), 7)
        self._put_word(data, Slot.BANK, new)

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        """The status first: it says which stack pointer a7 is."""
        first: dict[str, int] = {name: registers[name] for name in ("engine", "sr") if name in registers}
        super().write(data, first)
        rest = {name: value for name, value in registers.items() if name not in first}
        super().write(data, rest)


def bank(family: int, status: int, cacr: int) -> int:
    """Which stack pointer a7 is under `status`. ColdFire has one, or (CACR.EUSP) a user's beside it. Also compiled."""
    if family == 4:
        return 0 if status & 0x2000 != 0 and cacr & 0x20 != 0 else 1
    if status & 0x2000 == 0:
        return 1
    return 0 if status & 0x1000 != 0 else 2


def identify(view: StateView, state: bytearray, number: int) -> None:
    """The state of power-on: supervisor, all interrupts masked, no number in any floating-point register."""
    view.put(state, "sr", POWER_ON)
    for n in range(8):
        view.put(state, f"fp{n}", DEFAULT_NAN)


def highest(lines: int) -> int:
    """The highest interrupt level that is asked for, 0 for none: bit n of the lines is level n. Also compiled."""
    for level in range(7, 0, -1):
        if lines >> level & 1:
            return level
    return 0


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether `stop` goes on: an interrupt of a level above the mask, or of level 7 (M68000PM/AD, STOP)."""
    level = highest(lines)
    return level == 7 or level > view.get(state, "sr") >> MASK_SHIFT & 7


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated: the MC68040's MMU registers."""
    return tuple(view.get(state, name) for name in ("tc", "urp", "srp", "itt0", "itt1", "dtt0", "dtt1"))
