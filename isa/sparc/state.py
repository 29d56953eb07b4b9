"""SPARC state by register name, out of and into the engine's saved CPU state. See `layout`.

A register of the current window lies where CWP says. While the last window is current, the engine keeps its ins, which
are the outs of window 0, in a place of their own behind it. The condition codes are computed when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from isa.records import StateBytes, StateView
from isa.sparc.codes import FLAGS, codes
from isa.sparc.registers import V8, V9, WINDOWS, window_name
from isa.sparc.slots import Slot
from isa.state import WHOLE

_LETTERS: Final = {"o": 0, "l": 8, "i": 16}
_WORDS_V8: Final = (("wim", Slot.WIM), ("tbr", Slot.TBR), ("y", Slot.Y), ("fsr", Slot.FSR), ("npc", Slot.NPC))
_MMU: Final = ("mmu_control", "mmu_context_table", "mmu_context", "mmu_fault_status", "mmu_fault_address")
_PSR_BITS: Final = ((Slot.EF, 12, 1), (Slot.PIL, 8, 4), (Slot.S, 7, 1), (Slot.PS, 6, 1), (Slot.ET, 5, 1))
_PART: Final = 1024
"""Bytes of the whole state under one name: a longer number Python does not print."""


class State:
    """Reads and writes one CPU state (`data`, in place) by name; `layout` are the offsets by `Slot`."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        self._layout, self._wide = layout, wide
        self._word = word = 8 if wide else 4
        self._current: dict[str, int] = {}  # registers of the current window: their index from its beginning
        self._any: dict[str, tuple[int, int]] = {}  # of any window: (window, index)
        self._computed: dict[
            str, tuple[Callable[[StateBytes], int], Callable[[bytearray | memoryview, int], None]]
        ] = {
            "psr" if not wide else "ccr": (self._codes_word, self._put_codes_word),
        }
        places: dict[str, tuple[int, int]] = {f"g{n}": (layout[Slot.G0] + word * n, word) for n in range(8)}
        base = layout[Slot.BASE]
        for letter, first in _LETTERS.items():
            for n in range(8):
                name = {"o6": "sp", "i6": "fp"}.get(f"{letter}{n}", f"{letter}{n}")
                self._current[name] = first + n
                places[name] = (base + word * (first + n), word)
        for window in range(WINDOWS):
            for letter in "ol":
                for n in range(8):
                    index = _LETTERS[letter] + n
                    self._any[window_name(window, letter, n)] = (window, index)
                    places[window_name(window, letter, n)] = (base + word * (16 * window + index), word)
        places["pc"] = (layout[Slot.PC], word)
        places |= {f"f{n}": (layout[Slot.F0] + 4 * (n ^ 1), 4) for n in range(32)}
        places |= self._more_places()
        self.places: Final = places
        self._fixed = [row.name for row in (V9 if wide else V8) if row.read_only and row.name in places]

    def _more_places(self) -> dict[str, tuple[int, int]]:
        """Of the registers that V9 lacks, or has elsewhere."""
        layout = self._layout
        places = {name: (layout[slot], 4) for name, slot in _WORDS_V8}
        places |= {name: (layout[Slot.MMU] + 4 * n, 4) for n, name in enumerate(_MMU)}
        places |= {"psr": (layout[Slot.PSR], 4), "csr": (layout[Slot.PSR], 4)}
        self._computed["csr"] = (lambda data: 0, lambda data, value: None)
        return places

    # -- single fields ------------------------------------------------------------------------------------------------

    def _slot(self, data: StateBytes, slot: Slot, size: int = 4) -> int:
        at = self._layout[slot]
        return int.from_bytes(data[at : at + size], "little")

    def _put_slot(self, data: bytearray | memoryview, slot: Slot, value: int, size: int = 4) -> None:
        at = self._layout[slot]
        data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _place(self, data: StateBytes, name: str) -> tuple[int, int]:
        """Where `name` lies now; size 0 where this model has no such window."""
        if name in self._current:
            return self._windowed(data, self._slot(data, Slot.CWP), self._current[name])
        if name in self._any:
            return self._windowed(data, *self._any[name])
        return self.places[name]

    def _windowed(self, data: StateBytes, window: int, index: int) -> tuple[int, int]:
        windows, current = self._slot(data, Slot.NWINDOWS), self._slot(data, Slot.CWP)
        if window >= windows:
            return self._layout[Slot.BASE], 0
        place = (16 * window + index) % (16 * windows)
        if place < 8 and current == windows - 1:  # the outs of window 0, and the ins of the current one
            place += 16 * windows
        return self._layout[Slot.BASE] + self._word * place, self._word

    def get(self, data: StateBytes, name: str) -> int:
        if name in self._computed:
            return self._computed[name][0](data)
        at, size = self._place(data, name)
        return int.from_bytes(data[at : at + size], "little")

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        """`value` is cut to the register's width. What is read-only stays as it is."""
        if name in self._fixed:
            return
        if name in self._computed:
            self._computed[name][1](data, value)
            return
        at, size = self._place(data, name)
        data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    # -- computed -----------------------------------------------------------------------------------------------------

    def _codes(self, data: StateBytes, bits: int) -> int:
        kind = self._slot(data, Slot.CC_OP)
        if kind == FLAGS:
            return self._slot(data, Slot.PSR if bits == 32 else Slot.XCC) >> 20 & 0xF
        result, first, second = (
            self._slot(data, slot, self._word) for slot in (Slot.CC_DST, Slot.CC_SRC, Slot.CC_SRC2)
        )
        return codes(kind, result, first, second, bits)

    def _codes_word(self, data: StateBytes) -> int:
        """PSR, or CCR."""
        if self._wide:
            return self._codes(data, 64) << 4 | self._codes(data, 32)
        value = self._slot(data, Slot.VERSION) | self._codes(data, 32) << 20 | self._slot(data, Slot.CWP)
        for slot, low, _ in _PSR_BITS:
            value |= self._slot(data, slot) << low
        return value

    def _put_codes_word(self, data: bytearray | memoryview, value: int) -> None:
        self._put_slot(data, Slot.CC_OP, FLAGS)
        if self._wide:
            self._put_slot(data, Slot.PSR, (value & 0xF) << 20)
            self._put_slot(data, Slot.XCC, (value >> 4 & 0xF) << 20)
            return
        self._put_slot(data, Slot.PSR, value & 0xF << 20)
        for slot, low, width in _PSR_BITS:
            self._put_slot(data, slot, value >> low & (1 << width) - 1)
        self._put_cwp(data, value & 0x1F)

    def _put_cwp(self, data: bytearray | memoryview, window: int) -> None:
        """Change the window; a window that the model lacks is refused, as `wr %psr` refuses it."""
        windows, old = self._slot(data, Slot.NWINDOWS), self._slot(data, Slot.CWP)
        if window >= windows or window == old:
            return
        first = self._layout[Slot.BASE]
        behind, size = first + 16 * windows * self._word, 8 * self._word
        if old == windows - 1:
            data[first : first + size] = bytes(data[behind : behind + size])
        if window == windows - 1:
            data[behind : behind + size] = bytes(data[first : first + size])
        self._put_slot(data, Slot.CWP, window)

    # -- the whole ----------------------------------------------------------------------------------------------------

    def read(self, data: StateBytes) -> dict[str, int]:
        """The whole state: registers by name, and everything as it lies, without what differs between two engines in the
        same state: host pointers, and how far the condition codes have been computed."""
        whole = bytearray(data)
        for slot in (Slot.WINDOW, Slot.NAME):
            self._put_slot(whole, slot, 0, 8)
        icc, xcc = self._codes(data, 32), self._codes(data, 64) if self._wide else 0
        first, last = self._layout[Slot.CC_SRC], self._layout[Slot.PSR]
        whole[first:last] = bytes(last - first)
        self._put_slot(whole, Slot.CC_OP, FLAGS)
        self._put_slot(whole, Slot.PSR, icc << 20)
        if self._wide:
            self._put_slot(whole, Slot.XCC, xcc << 20)
        parts = range(0, len(whole), _PART)
        return {
            **{f"{WHOLE}{at}": int.from_bytes(whole[at : at + _PART], "little") for at in parts},
            **{name: self.get(data, name) for name in self.places if self._place(data, name)[1]},
        }

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        """Registers by name go over the whole; an npc that belongs to another pc does not."""
        kept = [(slot, self._slot(data, slot, 8)) for slot in (Slot.WINDOW, Slot.NAME)]
        for at in range(0, len(data), _PART):
            if f"{WHOLE}{at}" in registers:
                size = min(_PART, len(data) - at)
                data[at : at + size] = registers[f"{WHOLE}{at}"].to_bytes(size, "little")
        for slot, pointer in kept:
            self._put_slot(data, slot, pointer, 8)
        before = self.get(data, "pc")
        for name, value in registers.items():
            if name in self.places and name != "npc":
                self.put(data, name, value)
        if registers.get("pc", before) != before:
            self.put(data, "npc", registers["pc"] + 4)
        elif "npc" in registers:
            self.put(data, "npc", registers["npc"])


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether power-down ends: an interrupt is pending that can be taken."""
    level = (lines & 0xFFFE).bit_length() - 1
    if "psr" in view.places:
        psr = view.get(state, "psr")
        return level > 0 and psr >> 5 & 1 == 1 and (level == 15 or level > psr >> 8 & 0xF)
    return level > view.get(state, "pil") and view.get(state, "pstate") & 2 != 0


def regime_v8(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated: the MMU's registers, and who asks."""
    return *(view.get(state, name) for name in _MMU[:3]), view.get(state, "psr") & 0x80
