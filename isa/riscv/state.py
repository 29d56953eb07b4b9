"""RISC-V state by register name, out of and into the engine's saved CPU state. See `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.riscv.layout import Slot
from isa.riscv.registers import FLOAT_NAMES, GENERAL_NAMES

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


class State:
    """Reads and writes one saved CPU state (`data`, in place) by name; `layout` are the offsets by `Slot`."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        self._word = word = 8 if wide else 4
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
        self.places: Final = places

    def get(self, data: bytes | bytearray | memoryview, name: str) -> int:
        at, size = self.places[name]
        return int.from_bytes(data[at : at + size], "little")

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        """`value` is cut to the register's width."""
        at, size = self.places[name]
        data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def read(self, data: bytes | bytearray | memoryview) -> dict[str, int]:
        """The whole state by name."""
        return {name: self.get(data, name) for name in self.places}

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        for name, value in registers.items():
            if name in self.places:
                self.put(data, name, value)


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


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated: satp, the bits of mstatus that take part, and the protected regions."""
    return view.get(state, "satp"), view.get(state, "mstatus") & _TRANSLATES, view.get(state, "pmp_table")
