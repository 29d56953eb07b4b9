"""RISC-V state by register name, out of and into the engine's saved CPU state. See `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.riscv.layout import Slot
from isa.riscv.registers import FLOAT_NAMES, GENERAL_NAMES
from isa.state import TableState

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

PMP_ENTRIES: Final = 16
_WORDS: Final[tuple[tuple[str, Slot], ...]] = (
    ("load_res", Slot.LOAD_RES),
    ("load_val", Slot.LOAD_VAL),
    ("misa", Slot.MISA),
    ("priv", Slot.PRIV),
    ("mhartid", Slot.MHARTID),
    ("mstatus", Slot.MSTATUS),
    ("mip", Slot.MIP),
    ("mie", Slot.MIE),
    ("mideleg", Slot.MIDELEG),
    ("medeleg", Slot.MEDELEG),
    ("satp", Slot.SATP),
    ("stvec", Slot.STVEC),
    ("sepc", Slot.SEPC),
    ("scause", Slot.SCAUSE),
    ("stval", Slot.STVAL),
    ("sscratch", Slot.SSCRATCH),
    ("scounteren", Slot.SCOUNTEREN),
    ("mtvec", Slot.MTVEC),
    ("mepc", Slot.MEPC),
    ("mcause", Slot.MCAUSE),
    ("mtval", Slot.MTVAL),
    ("mscratch", Slot.MSCRATCH),
    ("mcounteren", Slot.MCOUNTEREN),
    ("frm", Slot.FRM),
)
"""`load_res` and `load_val` are the LR reservation: no register of the manual, yet state."""


class State(TableState):
    """`layout` are the offsets by `Slot`."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        word = 8 if wide else 4
        places = {name: (layout[slot], word) for name, slot in _WORDS}
        places["pc"] = (layout[Slot.PC], word)
        for i, name in enumerate(GENERAL_NAMES[1:], 1):
            places[name] = (layout[Slot.X0] + word * i, word)
        for i, name in enumerate(FLOAT_NAMES):
            places[name] = (layout[Slot.F0] + 8 * i, 8)
        for i in range(PMP_ENTRIES):
            entry = layout[Slot.PMP] + 2 * word * i
            places[f"pmpaddr{i}"] = (entry, word)
            places[f"pmp{i}cfg"] = (entry + word, 1)
        start, end = layout[Slot.PMP], layout[Slot.PMP_RULES] + 4
        places["pmp_table"] = (
            start,
            end - start,
        )  # what the engine derived from the entries above, with them
        super().__init__(places, whole=False)  # the names are the whole state


TIME_PERIOD: Final = 100
"""ns of one tick of the platform timer (10 MHz)."""
MACHINE_LINES: Final = 0x888
"""MSIP, MTIP, MEIP: only devices set them in mip; software sets the others too."""
_TRANSLATES: Final = 1 << 17 | 1 << 18 | 1 << 19 | 3 << 11
"""mstatus.MPRV, SUM, MXR and MPP [priv 3.1.6.3]."""


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether wfi goes on: an interrupt is pending and enabled in mie [priv 3.3.3]. Bits of mip that software may write
    follow the lines only where these have changed since the engine was `told`."""
    driven = (lines ^ told) | MACHINE_LINES
    pending = view.get(state, "mip") & ~driven | lines & driven
    return pending & view.get(state, "mie") != 0


def identify(view: StateView, state: bytearray, number: int) -> None:
    """The state of power-on of hart `number`."""
    view.put(state, "mhartid", number)


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated: satp, the bits of mstatus that take part, and the protected regions."""
    return view.get(state, "satp"), view.get(state, "mstatus") & _TRANSLATES, view.get(state, "pmp_table")
