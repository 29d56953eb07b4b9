"""z/Architecture state by register name, out of and into the engine's saved CPU state. See `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.contract import InterruptLines
from isa.s390x.causes import External
from isa.s390x.layout import Slot
from isa.state import TableState

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

PSW_DAT, PSW_EXTERNAL, PSW_WAIT, PSW_PROBLEM, PSW_SPACE = 1 << 58, 1 << 56, 1 << 49, 1 << 48, 3 << 46
C0_LOW_PROTECTION: Final = 1 << 28
_ROUNDING: Final = (0, 3, 2, 1)
_LINES = InterruptLines()
LINES: Final = (
    # line, interruption code, its mask in control register 0; the first is taken first [6-14]
    (1 << _LINES.software, External.EMERGENCY_SIGNAL, 1 << 14),
    (1 << _LINES.timer, External.CLOCK_COMPARATOR, 1 << 11),
    (1 << _LINES.external, External.SERVICE_SIGNAL, 1 << 9),
)


class State(TableState):
    """`layout` are the offsets by `Slot`. The condition code is in the PSW: native code puts it there after each run."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        vector = layout[Slot.VECTOR]
        places = {
            "pswm": (layout[Slot.PSW_MASK], 8),
            "pswa": (layout[Slot.PSW_ADDRESS], 8),
            "fpc": (layout[Slot.FPC], 4),
            "prefix": (layout[Slot.PREFIX], 4),
            "ckc": (layout[Slot.CLOCK_COMPARATOR], 8),
            "cputm": (layout[Slot.CPU_TIMER], 8),
            "todpr": (layout[Slot.TOD_PROGRAMMABLE], 4),
            "gbea": (layout[Slot.BREAKING], 8),
        }
        places |= {f"r{i}": (layout[Slot.R0] + 8 * i, 8) for i in range(16)}
        places |= {f"acr{i}": (layout[Slot.ACCESS] + 4 * i, 4) for i in range(16)}
        places |= {f"cr{i}": (layout[Slot.C0] + 8 * i, 8) for i in range(16)}
        places |= {f"f{i}": (vector + 16 * i, 8) for i in range(16)}
        places |= {f"v{i}l": (vector + 16 * i + 8, 8) for i in range(16)}
        places |= {f"v{i}": (vector + 16 * i, 16) for i in range(16, 32)}
        super().__init__(places)
        self._condition, self._rounding = layout[Slot.CONDITION], layout[Slot.ROUNDING]

    def get(self, data: StateBytes, name: str) -> int:
        value = super().get(data, name)
        return _halves(value) if self.places[name][1] == 16 else value

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        super().put(data, name, _halves(value) if self.places[name][1] == 16 else value)
        if name == "pswm":
            data[self._condition : self._condition + 4] = (value >> 44 & 3).to_bytes(4, "little")
        elif name == "fpc":
            data[self._rounding] = _ROUNDING[value & 3]


def _halves(value: int) -> int:
    """A vector register is kept as two words, the upper first."""
    return value >> 64 | (value & (1 << 64) - 1) << 64


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether a CPU in the wait state goes on: an external interruption is pending and let in [4-4]."""
    if not view.get(state, "pswm") & PSW_EXTERNAL:
        return False
    masks = view.get(state, "cr0")
    return any(lines & line and masks & mask for line, _, mask in LINES)


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated: PSW, prefix, and the control registers that name tables."""
    names = ("prefix", "cr0", "cr1", "cr7", "cr13")
    return view.get(state, "pswm") & (PSW_DAT | PSW_SPACE), *(view.get(state, name) for name in names)
