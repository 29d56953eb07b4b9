"""TriCore state by register name, out of and into the engine's CPU state. See `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.state import TableState
from isa.tricore.layout import RESET_PSW, Slot
from isa.tricore.registers import CORE

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

FLAG_BITS: Final = (31, 30, 29, 28, 27)
"""C, V, SV, AV, SAV in PSW."""
KEPT: Final = 0x07FF_FFFF
RESET_BTV: Final = 0xA000_0100
"""Where traps go until the guest says otherwise (TriCore Architecture Manual, table 3-1): no memory on `bare`."""


class State(TableState):
    """`layout` are the offsets by `Slot`."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        self._flags: Final = layout[Slot.FLAGS]
        places = {
            "pc": (layout[Slot.PC], 4),
            "psw": (layout[Slot.PSW], 4),
            "pcxi": (layout[Slot.PCXI], 4),
        }
        for n in range(16):
            places[f"d{n}"] = (layout[Slot.D0] + 4 * n, 4)
            places[f"a{n}"] = (layout[Slot.A0] + 4 * n, 4)
        for i, (_, name, _, _) in enumerate(CORE):
            places[name] = (layout[Slot.CORE] + 4 * i, 4)
        super().__init__(places)

    def get(self, data: StateBytes, name: str) -> int:
        value = super().get(data, name)
        if name != "psw":
            return value
        value &= KEPT
        for i, bit in enumerate(FLAG_BITS):
            at = self._flags + 4 * i
            word = int.from_bytes(data[at : at + 4], "little")
            if word >> 31 or (i == 0 and word):
                value |= 1 << bit
        return value

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        super().put(data, name, value)
        if name == "psw":
            for i, bit in enumerate(FLAG_BITS):
                at = self._flags + 4 * i
                data[at : at + 4] = ((value >> bit & 1) << 31).to_bytes(4, "little")

    def read(self, data: StateBytes) -> dict[str, int]:
        """The whole state by name; flags that the engine keeps in more ways than one come in one."""
        canonical = bytearray(data)
        self.put(canonical, "psw", self.get(data, "psw"))
        return super().read(canonical)


def identify(view: StateView, state: bytearray, number: int) -> None:
    """The state of power-on."""
    view.put(state, "psw", RESET_PSW)
    view.put(state, "btv", RESET_BTV)


def highest(lines: int) -> int:
    """The highest priority that is asked for, 0 for none: bit n of the lines is priority n. Also compiled."""
    for level in range(62, 0, -1):
        if lines >> level & 1:
            return level
    return 0


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """The engine has no instruction that halts."""
    return True


def regime(view: StateView, state: StateBytes) -> object:
    """The engine translates no address."""
    return None
