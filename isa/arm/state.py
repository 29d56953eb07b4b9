"""The A profile's state by register name, out of and into the engine's CPU state. See `layout`.

The engine keeps the registers of the current mode apart from the banks, and CPSR and FPSCR in pieces: such a register's
place depends on the mode, or there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.arm.cp15 import ROWS
from isa.arm.layout import BLOCK, NUMBER, THROUGH, Slot
from isa.arm.registers import BANKS, MODES

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

_MODE_NAMES: Final = dict(MODES)
_CORE: Final = (*(f"r{n}" for n in range(13)), "sp", "lr", "pc")
_FLAGS: Final = ((Slot.NF, 31, 31), (Slot.CF, 0, 29), (Slot.VF, 31, 28), (Slot.QF, 0, 27), (Slot.THUMB, 0, 5))
"""(place, bit there, bit of CPSR)."""
_CACHED: Final = 0xFE0F_FDE0
"""Bits of CPSR that are kept elsewhere: N, Z, C, V, Q, IT, GE, A, I, F, T."""
_ROUNDING: Final = (0, 2, 1, 3)  # FPSCR.RMode and the engine's number are each other's index
_EXCEPTIONS: Final = ((0x01, 0x01), (0x02, 0x04), (0x04, 0x08), (0x08, 0x10), (0x10, 0x20), (0x80, 0x40))
"""(bit of FPSCR, bit of the engine's floating-point status); the last is a denormal input."""
_OUTPUT_DENORMAL: Final = 0x80


class Floats:
    """Floating-point registers, for both profiles. FPSCR lies in pieces."""

    def __init__(self, layout: list[int]) -> None:
        self.layout = layout
        z = layout[Slot.ZREGS]
        self.places: dict[str, tuple[int, int]] = {
            **{f"d{n}": (z + 8 * n, 8) for n in range(32)},
            **{f"s{n}": (z + 4 * n, 4) for n in range(32)},
            **{f"q{n}": (z + 16 * n, 16) for n in range(16)},
            "fpscr": (layout[Slot.VFP_XREGS] + 4, 4),
        }

    def fpscr(self, data: StateBytes) -> int:
        layout, status = self.layout, self.layout[Slot.FP_STATUS]
        length, stride = (word(data, layout[Slot.VEC_LEN] + 4 * n) for n in (0, 1))
        value = word(data, layout[Slot.VFP_XREGS] + 4) | length << 16 | stride << 20
        host = data[status + 2] | data[status + 8 + 2] & ~0x40 | data[status + 16 + 2]
        if host & _OUTPUT_DENORMAL:
            host |= 0x10
        value |= sum(bit for bit, other in _EXCEPTIONS if host & other)
        saturated = any(data[layout[Slot.QC] : layout[Slot.QC] + 16])
        return value | saturated << 27

    def put_fpscr(self, data: bytearray | memoryview, value: int) -> None:
        layout, status = self.layout, self.layout[Slot.FP_STATUS]
        put_word(data, layout[Slot.VFP_XREGS] + 4, value & 0xF7C8_0000)
        put_word(data, layout[Slot.VEC_LEN], value >> 16 & 7)
        put_word(data, layout[Slot.VEC_LEN] + 4, value >> 20 & 3)
        data[layout[Slot.QC] : layout[Slot.QC] + 16] = (value & 1 << 27).to_bytes(16, "little")
        flush, default_nan = value >> 24 & 1, value >> 25 & 1
        for at in (status, status + 8):  # single and double precision, half precision
            data[at + 1] = _ROUNDING[value >> 22 & 3]
            data[at + 2] = 0
            data[at + 6] = default_nan
        data[status + 2] = sum(other for bit, other in _EXCEPTIONS if value & bit)
        data[status + 4] = data[status + 5] = flush
        data[status + 16 + 2] = 0


def word(data: StateBytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def put_word(data: bytearray | memoryview, at: int, value: int) -> None:
    data[at : at + 4] = (value & 0xFFFF_FFFF).to_bytes(4, "little")


class State:
    """Reads and writes one CPU state (`data`, in place) by name; `layout` as `isa.arm.layout.calibrate` gives it."""

    def __init__(self, layout: list[int], wide: bool) -> None:
        self._layout = layout
        self._floats = Floats(layout)
        self._constants: dict[str, int] = {}
        places = {name: (layout[Slot.REGS] + 4 * n, 4) for n, name in enumerate(_CORE)}
        places |= self._floats.places
        places["fpexc"] = (layout[Slot.VFP_XREGS] + 32, 4)
        places["cpsr"] = (layout[Slot.UNCACHED], 4)
        places["spsr"] = (layout[Slot.SPSR], 4)
        for n in range(8, 13):
            places[f"r{n}_usr"] = (layout[Slot.USR] + 4 * (n - 8), 4)
            places[f"r{n}_fiq"] = (layout[Slot.FIQ] + 4 * (n - 8), 4)
        for mode, bank in BANKS.items():
            places[f"r13_{mode}"] = (layout[Slot.BANKED_R13] + 4 * bank, 4)
            places[f"r14_{mode}"] = (layout[Slot.BANKED_R14] + 4 * bank, 4)
            if mode != "usr":
                places[f"spsr_{mode}"] = (layout[Slot.BANKED_SPSR] + 8 * bank, 4)
        for row, place in zip(ROWS, layout[len(Slot) :], strict=True):
            if place >= 0:
                places[row.name] = (place, 8 if row.wide else 4)
            elif place > THROUGH:
                places[row.name] = (-1, 4)
                self._constants[row.name] = -1 - place
            elif row.name == "mpidr" and place == THROUGH:
                places[row.name] = (layout[Slot.XREGS] + 8 * NUMBER, 4)
        self.places: Final = places

    def mode(self, data: StateBytes) -> str:
        """Of the processor, by its name; one that does not exist is usr's."""
        return _MODE_NAMES.get(word(data, self._layout[Slot.UNCACHED]) & 0x1F, "usr")

    def _place(self, data: StateBytes, name: str) -> tuple[int, int]:
        """Where a register is now: the current mode's are not in its bank."""
        plain, _, bank = name.partition("_")
        if bank in BANKS and plain in ("r8", "r9", "r10", "r11", "r12", "r13", "r14", "spsr"):
            mode = self.mode(data)
            mode = "usr" if mode == "sys" else mode
            own = (
                mode == bank
                if plain[1:] in ("13", "14") or plain == "spsr"
                else (mode == "fiq") == (bank == "fiq")
            )
            if own:
                return self.places[{"r13": "sp", "r14": "lr"}.get(plain, plain)]
        return self.places[name]

    def get(self, data: StateBytes, name: str) -> int:
        match name:
            case "cpsr":
                return self._cpsr(data)
            case "fpscr":
                return self._floats.fpscr(data)
            case "mpidr" if name not in self._constants:
                return 0x8000_0000 | word(data, self.places[name][0])
        if name in self._constants:
            return self._constants[name]
        at, size = self._place(data, name)
        return int.from_bytes(data[at : at + size], "little")

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        """`value` is cut to the register's width; a constant stays."""
        if name == "cpsr":
            self._put_cpsr(data, value)
        elif name == "fpscr":
            self._floats.put_fpscr(data, value)
        elif name not in self._constants and name != "mpidr":
            at, size = self._place(data, name)
            data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def _cpsr(self, data: StateBytes) -> int:
        layout = self._layout
        value = word(data, layout[Slot.UNCACHED]) & ~_CACHED
        for slot, at, bit in _FLAGS:
            value |= (word(data, layout[slot]) >> at & 1) << bit
        value |= (word(data, layout[Slot.ZF]) == 0) << 30 | word(data, layout[Slot.GE]) << 16
        it = word(data, layout[Slot.CONDEXEC])
        return value | (it & 3) << 25 | (it & 0xFC) << 8 | word(data, layout[Slot.DAIF]) & 0x1C0

    def _put_cpsr(self, data: bytearray | memoryview, value: int) -> None:
        layout = self._layout
        old, new = self.mode(data), _MODE_NAMES.get(value & 0x1F, "usr")
        if old != new:
            self._switch(data, old, new)
        put_word(data, layout[Slot.UNCACHED], value & ~_CACHED)
        for slot, at, bit in _FLAGS:
            put_word(data, layout[slot], (value >> bit & 1) << at)
        put_word(data, layout[Slot.ZF], not value >> 30 & 1)
        put_word(data, layout[Slot.GE], value >> 16 & 15)
        put_word(data, layout[Slot.CONDEXEC], value >> 25 & 3 | value >> 8 & 0xFC)
        daif = word(data, layout[Slot.DAIF])
        put_word(data, layout[Slot.DAIF], daif & ~0x1C0 | value & 0x1C0)

    def _switch(self, data: bytearray | memoryview, old: str, new: str) -> None:
        """Change the registers for another mode's [a B1.3.2]."""
        layout = self._layout
        old, new = ("usr" if mode in ("sys", "hyp") else mode for mode in (old, new))
        high = layout[Slot.REGS] + 32
        if (old == "fiq") != (new == "fiq"):
            save, load = (
                layout[slot] for slot in ((Slot.FIQ, Slot.USR) if old == "fiq" else (Slot.USR, Slot.FIQ))
            )
            data[save : save + 20] = data[high : high + 20]
            data[high : high + 20] = data[load : load + 20]
        for slot, live in ((Slot.BANKED_R13, 52), (Slot.BANKED_R14, 56)):
            here = layout[Slot.REGS] + live
            save, load = (layout[slot] + 4 * BANKS[mode] for mode in (old, new))
            data[save : save + 4] = data[here : here + 4]
            data[here : here + 4] = data[load : load + 4]
        save, load = (layout[Slot.BANKED_SPSR] + 8 * BANKS[mode] for mode in (old, new))
        here = layout[Slot.SPSR]
        data[save : save + 4] = data[here : here + 4]
        data[here : here + 4] = data[load : load + 4]

    def read(self, data: StateBytes) -> dict[str, int]:
        """The whole state: the core registers by name, and everything else of the engine's as one number."""
        return {
            **{name: self.get(data, name) for name in (*_CORE, "cpsr")},
            "engine": whole(self._layout, data),
        }

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        put_whole(self._layout, data, registers)
        for name, value in registers.items():
            if name in self.places and self.get(data, name) != value:
                self.put(data, name, value)


def whole(layout: list[int], data: StateBytes) -> int:
    """All bytes that are the guest's; not where the engine block is, nor where the engine was entered, nor counters
    that the engine takes from the host's clock and nobody reads."""
    kept = bytearray(data[: layout[Slot.END]])
    first, after = layout[Slot.XREGS] + 8 * BLOCK, layout[Slot.PC64] + 8
    kept[first:after] = bytes(after - first)
    cycles = layout[Slot.CYCLES]
    if cycles > 0:
        for at, size in ((cycles, 16), (cycles + 16 + 8 * COUNTERS, 8 * COUNTERS)):
            kept[at : at + size] = bytes(size)
    return int.from_bytes(kept, "little")


def put_whole(layout: list[int], data: bytearray | memoryview, registers: dict[str, int]) -> None:
    if "engine" in registers:
        data[: layout[Slot.END]] = registers["engine"].to_bytes(layout[Slot.END], "little")


COUNTERS: Final = 31
LINES: Final = 0b1111
"""IRQ, FIQ, and the lines of the timer and of software, which are IRQ's."""


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether wfi goes on: an interrupt is pending, masked or not [a B1.8.13]."""
    return lines & LINES != 0


_TRANSLATES: Final = (
    "sctlr",
    "ttbr0",
    "ttbr1",
    "ttbcr",
    "dacr",
    "contextidr",
    "fcseidr",
    "prrr",
    "nmrr",
    "scr",
)


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated, beside the mode, for which the engine keeps them apart."""
    return tuple(view.get(state, name) for name in _TRANSLATES if name in view.places)


def identify(view: StateView, state: bytearray, number: int) -> None:
    """MPIDR of CPU `number`."""
    if "mpidr" in view.places:
        at, size = view.places["mpidr"]
        if at >= 0:
            state[at : at + size] = number.to_bytes(size, "little")
