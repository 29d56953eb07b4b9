"""PowerPC state by register name, out of and into the engine's saved CPU state. See `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.ppc.layout import Slot
from isa.ppc.registers import sprs
from isa.state import TableState

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

MSR_SF, MSR_HV, MSR_ILE, MSR_EE, MSR_PR, MSR_FP, MSR_ME = (
    1 << 63,
    1 << 60,
    1 << 16,
    1 << 15,
    1 << 14,
    1 << 13,
    1 << 12,
)
MSR_IP, MSR_IR, MSR_DR = 1 << 6, 1 << 5, 1 << 4
TICK: Final = 10
"""ns of one tick of the time base (100 MHz)."""
_FLAGS: Final = MSR_SF | MSR_HV | 0x82C0_6631
"""What translated code depends on of MSR: SF, HV, CM, VEC, VSX, PR, FP, SE, BE, IR, DR, LE."""
_XER_PARTS: Final = ((31, 1), (30, 2), (29, 3), (19, 4), (18, 5))
"""Bits of XER that the engine keeps in a word each: (bit, words after the rest of XER)."""
_ROUNDING: Final = (0, 3, 2, 1)
_HIGH_PREFIX: Final = 0xFFF0_0000


class State(TableState):
    """`layout` are the offsets by `Slot`. What has no name and is no pointer of the engine's is read and written as
    parts named ``engine0`` and so on."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        word = 8 if wide else 4
        self._word, self._layout = word, layout
        spr = layout[Slot.SPR]
        places = {f"r{i}": (layout[Slot.GPR] + word * i, word) for i in range(32)}
        places |= {
            "pc": (layout[Slot.PC], word),
            "msr": (layout[Slot.MSR], word),
            "cr": (layout[Slot.CRF], 4),
            "lr": (layout[Slot.LR], word),
            "ctr": (layout[Slot.CTR], word),
            "xer": (layout[Slot.XER], 4),
            "fpscr": (layout[Slot.FPSCR], 4),
            "vscr": (layout[Slot.VSCR], 4),
        }
        places |= {f"f{i}": (layout[Slot.VSR] + 16 * i + 8, 8) for i in range(32)}
        places |= {f"vr{i}": (layout[Slot.VSR] + 16 * (32 + i), 16) for i in range(32)}
        places |= {row.name: (spr + word * row.number, word) for row in sprs(8 * word)}
        if wide:
            places["cfar"] = (layout[Slot.CRF] + 8 * 4, word)
        else:
            places |= {f"sr{i}": (layout[Slot.SR] + word * i, word) for i in range(16)}
            for i in range(4):
                for j, name in enumerate(("dbat{}u", "dbat{}l", "ibat{}u", "ibat{}l")):
                    places[name.format(i)] = (layout[Slot.BATS] + word * (8 * j + i), word)
        super().__init__(places, whole=False)
        pointers = (
            (layout[Slot.TLB], 8),
            (layout[Slot.ACCESS], layout[Slot.VSCR] - layout[Slot.ACCESS]),
            (layout[Slot.OBJECTS], 16),
            (layout[Slot.INPUTS], 8),
            (layout[Slot.FUNCTIONS], 16),
        )
        self._parts = list(
            zip((0, *(at + size for at, size in pointers)), (at for at, _ in pointers), strict=False)
        )
        self._rest = pointers[-1][0] + pointers[-1][1]

    def get(self, data: StateBytes, name: str) -> int:
        if name == "cr":
            at = self.places["cr"][0]
            return sum(int(data[at + 4 * i]) << 28 - 4 * i for i in range(8))
        value = super().get(data, name)
        if name == "xer":
            at = self.places["xer"][0]
            return value | sum(int(data[at + self._word * i]) << bit for bit, i in _XER_PARTS)
        return value

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        if name == "cr":
            at = self.places["cr"][0]
            for i in range(8):
                data[at + 4 * i : at + 4 * i + 4] = bytes((value >> 28 - 4 * i & 15, 0, 0, 0))
            return
        if name == "xer":
            at = self.places["xer"][0]
            for bit, i in _XER_PARTS:
                data[at + self._word * i] = value >> bit & 1
                value &= ~(1 << bit)
        elif name == "msr":
            value = self._new_msr(data, value)
        elif name == "fpscr":
            data[self._layout[Slot.ROUNDING]] = _ROUNDING[value & 3]
        super().put(data, name, value)

    def _new_msr(self, data: bytearray | memoryview, value: int) -> int:
        """What MSR becomes, with what the engine derives from it."""
        layout, word = self._layout, self._word
        value &= self._number(data, layout[Slot.MSR_MASK], word)
        at = layout[Slot.HFLAGS]
        other = self._number(data, at + word, word)
        data[at : at + word] = (value & _FLAGS & (1 << 8 * word) - 1 | other).to_bytes(word, "little")
        base = (0 if value & MSR_PR else 1) + (4 if value & MSR_HV else 0)
        for i, translates in enumerate((MSR_IR, MSR_DR)):
            data[at + 2 * word + 4 * i] = base + (0 if value & translates else 2)
        if word == 4:
            prefix = _HIGH_PREFIX if value & MSR_IP else 0
            data[layout[Slot.PREFIX] : layout[Slot.PREFIX] + word] = prefix.to_bytes(word, "little")
        return value

    @staticmethod
    def _number(data: StateBytes, at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little")

    def read(self, data: StateBytes) -> dict[str, int]:
        whole = {f"engine{i}": int.from_bytes(data[a:b], "little") for i, (a, b) in enumerate(self._parts)}
        whole["engine"] = int.from_bytes(data[self._rest :], "little")
        return {**whole, **super().read(data)}

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        for i, (a, b) in enumerate(self._parts):
            if f"engine{i}" in registers:
                data[a:b] = registers[f"engine{i}"].to_bytes(b - a, "little")
        if "engine" in registers:
            data[self._rest :] = registers["engine"].to_bytes(len(data) - self._rest, "little")
        super().write(data, registers)


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether a CPU that waits goes on: an interrupt is pending and MSR[EE] lets it in [MPC7410 UM, 10.2.1]; after
    `wait` an interrupt that is pending is enough [Power ISA 3.0B, Book II 4.6.4]."""
    wide = view.places["msr"][1] == 8
    return lines != 0 and (wide or view.get(state, "msr") & MSR_EE != 0)


def identify(view: StateView, state: bytearray, number: int) -> None:
    """The state of power-on of CPU `number`."""
    view.put(state, "pir", number)


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated: MSR, and the registers of block and segment translation."""
    if "sr0" not in view.places:
        return None
    names = (
        "sdr1",
        *(f"sr{i}" for i in range(16)),
        *(f"{k}bat{i}{h}" for k in "id" for i in range(4) for h in "ul"),
    )
    translates = view.get(state, "msr") & (MSR_IR | MSR_DR | MSR_PR)
    return translates, *(view.get(state, name) for name in names)
