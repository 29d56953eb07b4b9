"""AArch64 state by register name, out of and into the engine's saved CPU state. See `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isa.aarch64.layout import NONE, ROWS_AT, Slot, slot
from isa.aarch64.registers import GENERAL_NAMES, VECTOR_NAMES
from isa.aarch64.sysregs import ROWS, Kind
from isa.state import WHOLE, TableState

if TYPE_CHECKING:
    from isa.records import StateBytes, StateView

N, Z, C, V = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_DAIF, _BTYPE, _SP, _LEVEL, _AARCH32 = 0xF << 6, 3 << 10, 1, 3 << 2, 1 << 4
_APART: Final = N | Z | C | V | _DAIF | _BTYPE | _AARCH32
"""Bits of PSTATE that the engine keeps elsewhere."""
_COMPUTED: Final = ("cpsr", "spsel", "currentel", "daif", "nzcv", "sp_el0", "sp_el1", "sp_el2")


class State(TableState):
    """`layout` is what `calibrate` found.

    The stack pointer in use lies apart from those of the levels: sp_el0 and its like are where the state has them, and
    writing cpsr changes which one is in use.
    """

    def __init__(self, layout: list[int], wide: bool) -> None:
        places = {name: (layout[Slot.X0] + 8 * i, 8) for i, name in enumerate(GENERAL_NAMES)}
        places["sp"] = (layout[Slot.X0] + 8 * 31, 8)
        places["pc"] = (layout[Slot.PC], 8)
        vector = layout[Slot.V1] - layout[Slot.V0]
        for i, name in enumerate(VECTOR_NAMES):
            places[name] = (layout[Slot.V0] + vector * i, 16)
        self._constants = {}
        for row, value in zip(ROWS, layout[ROWS_AT:], strict=True):
            if row.kind is Kind.STATE and value != NONE:
                places[row.name] = (value, 4 if row.writable == 0xFFFF_FFFF else 8)
            elif row.kind is Kind.CONSTANT or row.kind is Kind.STATE:
                self._constants[row.name] = max(value, 0) if row.kind is Kind.STATE else value & (1 << 64) - 1
        self._fields = dict(places)
        self._fields["mpidr_el1"] = (layout[slot("vmpidr_el2")], 8)
        self._raw = tuple(places)
        places |= dict.fromkeys((*_COMPUTED, *self._constants), (layout[Slot.PSTATE], 4)) | self._fields
        super().__init__(places)
        self._parts = {
            name: (layout[one], 8 if one is Slot.DAIF else 4)
            for name, one in (
                ("pstate", Slot.PSTATE),
                ("negative", Slot.NEGATIVE),
                ("zero", Slot.ZERO),
                ("carry", Slot.CARRY),
                ("overflow", Slot.OVERFLOW),
                ("btype", Slot.BTYPE),
                ("daif", Slot.DAIF),
                ("aarch64", Slot.AARCH64),
                ("aarch32", Slot.CPSR),
            )
        }
        self._stacks = tuple(layout[Slot.SP_EL] + 8 * level for level in range(4))
        self._passing = (
            (layout[Slot.PC], 8),  # the control block has it
            (layout[Slot.HFLAGS], 4),  # follow from the rest; made anew at each entry
            (layout[Slot.SYNDROME], 20),
            (layout[Slot.CYCLES_AT], 8),
            (layout[Slot.EVENTS_AT], 8 * 31),
            (layout[Slot.BREAKPOINTS], 8 * 16),
        )

    def _part(self, data: StateBytes, name: str) -> int:
        at, size = self._parts[name]
        return int.from_bytes(data[at : at + size], "little")

    def _put_part(self, data: bytearray | memoryview, name: str, value: int) -> None:
        at, size = self._parts[name]
        data[at : at + size] = value.to_bytes(size, "little")

    def _pstate(self, data: StateBytes) -> int:
        kept = self._part(data, "pstate") & ~_APART
        if not self._part(data, "aarch64"):
            kept = self._part(data, "aarch32") & 0x1F
        return (
            kept
            | self._part(data, "negative") & N
            | (0 if self._part(data, "zero") else Z)
            | (C if self._part(data, "carry") else 0)
            | (self._part(data, "overflow") >> 31) * V
            | self._part(data, "btype") << 10
            | self._part(data, "daif")
        )

    def _put_pstate(self, data: bytearray | memoryview, value: int) -> None:
        """Only what differs is written: each flag has many forms."""
        changed = self._pstate(data) ^ value
        before = self._bank(data)
        if changed & N:
            self._put_part(data, "negative", value & N)
        if changed & Z:
            self._put_part(data, "zero", 0 if value & Z else 1)
        if changed & C:
            self._put_part(data, "carry", int(value & C != 0))
        if changed & V:
            self._put_part(data, "overflow", (value & V) << 3)
        if changed & _BTYPE:
            self._put_part(data, "btype", value >> 10 & 3)
        if changed & _DAIF:
            self._put_part(data, "daif", value & _DAIF)
        if changed & ~_APART and self._part(data, "aarch64"):
            self._put_part(data, "pstate", value & ~_APART)
        after = self._bank(data)
        if before != after:
            self._move(data, self.places["sp"][0], before)
            self._move(data, after, self.places["sp"][0])

    @staticmethod
    def _move(data: bytearray | memoryview, source: int, target: int) -> None:
        data[target : target + 8] = bytes(data[source : source + 8])

    def _bank(self, data: StateBytes) -> int:
        """Offset of the stack pointer, among those of the levels, that is in use."""
        pstate = self._part(data, "pstate")
        return self._stacks[(pstate & _LEVEL) >> 2 if pstate & _SP else 0]

    def _stack(self, data: StateBytes, name: str) -> int:
        at = self._stacks[int(name[-1])]
        return self.places["sp"][0] if at == self._bank(data) else at

    def get(self, data: StateBytes, name: str) -> int:
        field = self._fields.get(name)
        if field is not None:
            at, size = field
            return int.from_bytes(data[at : at + size], "little")
        if name in self._constants:
            return self._constants[name]
        if name.startswith("sp_el"):
            at = self._stack(data, name)
            return int.from_bytes(data[at : at + 8], "little")
        pstate = self._pstate(data)
        return {
            "cpsr": pstate,
            "spsel": pstate & _SP,
            "currentel": pstate & _LEVEL,
            "daif": pstate & _DAIF,
            "nzcv": pstate & (N | Z | C | V),
        }[name]

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        """`value` is cut to the register's width; constants stay as they are."""
        if name in self._constants or name in ("mpidr_el1", "currentel"):
            return
        if name in self._fields:
            super().put(data, name, value)
        elif name.startswith("sp_el"):
            at = self._stack(data, name)
            data[at : at + 8] = (value & (1 << 64) - 1).to_bytes(8, "little")
        else:
            mask = {"cpsr": (1 << 32) - 1, "spsel": _SP, "daif": _DAIF, "nzcv": N | Z | C | V}[name]
            self._put_pstate(data, self._pstate(data) & ~mask | value & mask)

    def read(self, data: StateBytes) -> dict[str, int]:
        """The whole state by name, without what passes: host time, and what only the last exception needed."""
        whole = bytearray(data)
        for at, size in self._passing:
            whole[at : at + size] = bytes(size)
        named = {name: self.get(data, name) for name in ("cpsr", *self._raw)}
        return {WHOLE: int.from_bytes(whole, "little"), **named}

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        """What `read` gave. The status comes first: it decides which stack pointer is in use."""
        if WHOLE in registers:
            kept = {at: bytes(data[at : at + size]) for at, size in self._passing[-1:]}
            data[:] = registers[WHOLE].to_bytes(len(data), "little")
            for at, bytes_ in kept.items():
                data[at : at + len(bytes_)] = bytes_
        for name in ("cpsr", *self._raw):
            if name in registers:
                self.put(data, name, registers[name])


LINES: Final = 0x7
"""Timer, external and software: each asserts IRQ."""
FIQ_LINE: Final = 1 << 3
COUNTER_PERIOD: Final = 16
"""ns of one tick of the system counter: CNTFRQ_EL0 is 62.5 MHz in every CPU model."""
VIRTUAL: Final = 1 << 7 | 1 << 6
"""HCR_EL2.VI and VF: the hypervisor asserts an interrupt of its guest."""
_REGIME: Final = (
    "sctlr_el1", "sctlr_el2", "sctlr_el3", "tcr_el1", "tcr_el2", "tcr_el3", "ttbr0_el1", "ttbr1_el1", "ttbr0_el2",
    "ttbr0_el3", "mair_el1", "hcr_el2", "scr_el3", "vttbr_el2", "vtcr_el2", "contextidr_el1",
)  # fmt: skip


def wakes(view: StateView, state: StateBytes, lines: int, told: int) -> bool:
    """Whether wfi goes on: an interrupt is pending, masked or not (DDI 0487, section D1.6.1)."""
    return lines & (LINES | FIQ_LINE) != 0 or view.get(state, "hcr_el2") & VIRTUAL != 0


def regime(view: StateView, state: StateBytes) -> object:
    """What decides how addresses are translated."""
    return tuple(view.get(state, name) for name in _REGIME)


def identify(view: StateView, state: bytearray, number: int) -> None:
    """The state of power-on of CPU `number`: its affinity."""
    view.put(state, "vmpidr_el2", view.get(state, "vmpidr_el2") & ~0xFF | number)
