"""V9's state by register name: `state`, with V9's own registers, trap levels and banks of globals."""

from __future__ import annotations

from functools import partial
from typing import Final

from isa.records import StateBytes, StateView
from isa.sparc.registers import MAXTL
from isa.sparc.slots import Slot
from isa.sparc.state import State

_WORDS: Final = (
    ("y", Slot.Y, 8),
    ("npc", Slot.NPC, 8),
    ("fsr", Slot.FSR, 8),
    ("tba", Slot.TBR, 8),
    ("gsr", Slot.GSR, 8),
    ("tick_cmpr", Slot.TICK_CMPR, 8),
    ("stick_cmpr", Slot.STICK_CMPR, 8),
    ("ver", Slot.VERSION, 8),
    ("fprs", Slot.FPRS, 4),
    ("asi", Slot.ASI, 4),
    ("softint", Slot.SOFTINT, 4),
    ("pstate", Slot.PSTATE, 4),
    ("tl", Slot.TL, 4),
    ("pil", Slot.PIL, 4),
    ("cansave", Slot.CANSAVE, 4),
    ("canrestore", Slot.CANRESTORE, 4),
    ("cleanwin", Slot.CLEANWIN, 4),
    ("otherwin", Slot.OTHERWIN, 4),
    ("wstate", Slot.WSTATE, 4),
    ("gl", Slot.GL, 4),
)
_TRAP: Final = (("tpc", 0, 8), ("tnpc", 8, 8), ("tstate", 16, 8), ("tt", 24, 4))
_BANKS: Final = 0xC01
"""PSTATE.IG, MG and AG: which globals are in use."""


class StateV9(State):
    """Reads and writes one CPU state of a V9."""

    def _more_places(self) -> dict[str, tuple[int, int]]:
        layout = self._layout
        places = {name: (layout[slot], size) for name, slot, size in _WORDS}
        places |= {f"f{n}": (layout[Slot.F0] + 4 * n, 8) for n in range(32, 64, 2)}
        trap = layout[Slot.TRAP] - layout[Slot.TRAP_STEP]
        for name, at, size in _TRAP:
            places[name] = (trap + at, size)
            for level in range(1, MAXTL + 1):
                places[f"{name}{level}"] = (trap + layout[Slot.TRAP_STEP] * level + at, size)
            self._computed[name] = (partial(self._trap_word, name), partial(self._put_trap_word, name))
        places |= {name: (layout[Slot.CWP], 4) for name in ("cwp", "state")}
        places["ccr"] = (layout[Slot.PSR], 4)
        self._computed["cwp"] = (self._window_number, self._put_window_number)
        self._computed["state"] = (self._state_word, self._put_state_word)
        self._computed["pstate"] = (
            lambda data: self._slot(data, Slot.PSTATE),
            self._put_pstate,
        )
        return places

    @property
    def mmu(self) -> tuple[int, int]:
        """Where the registers and TLBs of the MMUs lie."""
        return self._layout[Slot.LSU], self._layout[Slot.TRAP]

    def _window_number(self, data: StateBytes) -> int:
        return self._slot(data, Slot.NWINDOWS) - 1 - self._slot(data, Slot.CWP)

    def _put_window_number(self, data: bytearray | memoryview, value: int) -> None:
        windows = self._slot(data, Slot.NWINDOWS)
        self._put_cwp(data, windows - 1 - (value & 0x1F) % windows)

    def _state_word(self, data: StateBytes) -> int:
        asi, pstate = self.get(data, "asi"), self.get(data, "pstate")
        return self.get(data, "ccr") << 32 | asi << 24 | pstate << 8 | self._window_number(data)

    def _put_state_word(self, data: bytearray | memoryview, value: int) -> None:
        self.put(data, "ccr", value >> 32 & 0xFF)
        self.put(data, "asi", value >> 24 & 0xFF)
        self._put_pstate(data, value >> 8 & 0xFFF)
        self._put_window_number(data, value)

    def _put_pstate(self, data: bytearray | memoryview, value: int) -> None:
        """Changing AG, MG or IG changes the globals. Models with GL have no such bits."""
        old = self._slot(data, Slot.PSTATE)
        bank = {0: 1, 1: 0, 0x800: 2, 0x400: 3}  # as the engine has them: alternate, normal, interrupt, MMU
        if (old ^ value) & _BANKS:
            size, first, globals_ = 64, self._layout[Slot.BANKS], self._layout[Slot.G0]
            out, into = (first + size * bank.get(word & _BANKS, 1) for word in (old, value))
            data[out : out + size] = bytes(data[globals_ : globals_ + size])
            data[globals_ : globals_ + size] = bytes(data[into : into + size])
        self._put_slot(data, Slot.PSTATE, value)

    def _trap_at(self, data: StateBytes, name: str) -> tuple[int, int]:
        at, size = self.places[name]
        return at + self._layout[Slot.TRAP_STEP] * (self._slot(data, Slot.TL) & 7), size

    def _trap_word(self, name: str, data: StateBytes) -> int:
        at, size = self._trap_at(data, name)
        return int.from_bytes(data[at : at + size], "little")

    def _put_trap_word(self, name: str, data: bytearray | memoryview, value: int) -> None:
        at, size = self._trap_at(data, name)
        data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def regime_v9(view: StateView, state: StateBytes) -> object:
    """The MMUs' registers and TLBs, which lie between the switches and the trap levels."""
    assert isinstance(view, StateV9)
    first, last = view.mmu
    return bytes(state[first:last]), view.get(state, "pstate") & 4, view.get(state, "tl") > 0
