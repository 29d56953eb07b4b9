"""MIPS state by register name, out of and into the engine's saved CPU state. See `layout`.

FCSR and Status are not among the names: what they mean for the engine is kept beside them, so they are written through
its API. `status` is read here under the name "status_word".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from isa.mips.cp0 import ROWS
from isa.mips.layout import CP0, Slot
from isa.state import TableState

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView


def view(layout: list[int], wide: bool) -> TableState:
    """The registers of a layout."""
    word = 8 if wide else 4
    places = {
        "pc": (layout[Slot.PC], word),
        "lo": (layout[Slot.LO], word),
        "hi": (layout[Slot.HI], word),
        "userlocal": (layout[Slot.USERLOCAL], word),
        "dspctl": (layout[Slot.LO] + 8 * word, word),
        "hflags": (layout[Slot.HFLAGS], 4),
        "status_word": (layout[Slot.STATUS], 4),
    }
    if layout[Slot.FCSR] >= 0:
        places["fir"] = (layout[Slot.FCSR] - 8, 4)
    for i in range(1, 32):
        places[f"r{i}"] = (layout[Slot.GPR] + word * i, word)
    for i in range(1, 4):
        places[f"hi{i}"] = (layout[Slot.HI] + word * i, word)
        places[f"lo{i}"] = (layout[Slot.LO] + word * i, word)
    for i in range(32):
        places[f"f{i}"] = (layout[Slot.F0] + 16 * i, 8)
        places[f"w{i}"] = (layout[Slot.F0] + 16 * i, 16)
    sizes = {"word": 4, "address": word, "double": 8}
    for row, at in zip(ROWS, layout[CP0:], strict=True):
        if at >= 0 and row.name != "status":
            places[row.name] = (at, sizes[row.rank])
    return TableState(places)


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether `wait` goes on: at an interrupt that Status.IM lets through, also while Status.IE does not."""
    pending = view.get(state, "cause") & 0x300 | (lines & 0xFC) << 8
    return pending & view.get(state, "status_word") & 0xFF00 != 0


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated: never the same, since the TLB itself is not looked at."""
    return object()


def identify(view: StateView, state: bytearray, number: int) -> None:
    """EBase.CPUNum."""
    if "ebase" in view.places:
        base = view.get(state, "ebase")
        view.put(state, "ebase", base & ~0x3FF | number & 0x3FF)
