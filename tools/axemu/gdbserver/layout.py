"""Registers as GDB numbers and sends them: every register of the instruction set, those included that no feature of
GDB's own has, in features of ours (`org.axemu.<isa>.<group>`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from emu.debug.dwarf_registers import dwarf_register
from isa.contract import Isa, Register, Role
from isa.gdb import gdb_registers, register_type

VIEWS: Final = frozenset({"part", "mmx", "single", "quad", "tlb"})
"""Groups that show what other registers hold; GDB makes its own names for them, and they would collide."""
FETCHED: Final = frozenset({"org.gnu.gdb.riscv.csr", "org.gnu.gdb.riscv.virtual", "org.gnu.gdb.s390.cr"})
"""Features of GDB's with system registers: these it asks for one by one, when they are looked at."""


HOSTED: Final = frozenset({"sparc64"})
"""What GDB knows only with an operating system. The others have none: it then leaves single steps to the server, where
for Linux it would decode and set breakpoints."""
MOST_DWARF: Final = 128
"""DWARF's numbers from here on are of registers that no call frame saves."""
_GENERIC: Final = {Role.PC: "pc", Role.SP: "sp", Role.RA: "ra"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A register with GDB's `number` and `name` for it, and the bytes that it takes."""

    number: int
    name: str
    row: Register
    size: int


class Layout:
    """The registers of one instruction set. `core` are those of a `g` packet, lowest number first."""

    def __init__(self, isa: Isa) -> None:
        self.isa: Final = isa
        self.order: Final[Literal["little", "big"]] = "big" if isa.endian == "big" else "little"
        names = dict(isa.gdb.names) if isa.gdb is not None else {}
        self._features: list[tuple[str, list[Slot]]] = []
        self.slots: Final[dict[int, Slot]] = {}
        taken: set[str] = set()
        for feature, rows in self._groups():
            slots = []
            for at, row in rows:
                name = names.get(row.name, row.name)
                name = name if name not in taken else f"{row.group}_{name}"
                taken.add(name)
                slots.append(Slot(at, name, row, _bytes(row)))
            self._features.append((feature, slots))
            self.slots.update((slot.number, slot) for slot in slots)

    @cached_property
    def core(self) -> tuple[Slot, ...]:
        return tuple(
            sorted(
                (
                    slot
                    for feature, slots in self._features
                    for slot in slots
                    if feature.startswith("org.gnu.") and feature not in FETCHED
                ),
                key=lambda slot: slot.number,
            )
        )

    @cached_property
    def told(self) -> tuple[Slot, ...]:
        """Those that come with each stop, so that a client need not ask: what programs compute and unwind with."""
        _, slots = self._features[0]
        return tuple(slot for slot in slots if slot in self.core and slot.row.bits <= self.isa.bits)

    def of(self, role: Role) -> Slot | None:
        return next((slot for slot in self.slots.values() if slot.row.role is role), None)

    def encoded(self, slot: Slot, value: int | None) -> bytes:
        """Hex in the guest's byte order; x for a value that cannot be had."""
        if value is None:
            return b"xx" * slot.size
        return (value & (1 << 8 * slot.size) - 1).to_bytes(slot.size, self.order).hex().encode()

    def decoded(self, data: bytes) -> int:
        return int.from_bytes(data, self.order)

    @cached_property
    def description(self) -> str:
        """The text of target.xml."""
        gdb = self.isa.gdb
        architecture = f"  <architecture>{gdb.architecture}</architecture>\n" if gdb is not None else ""
        system = "" if self.isa.name in HOSTED else "  <osabi>none</osabi>\n"
        features = "".join(self._feature(name, slots) for name, slots in self._features if slots)
        return (
            '<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target version="1.0">\n'
            f"{architecture}{system}{features}</target>\n"
        )

    def _feature(self, name: str, slots: list[Slot]) -> str:
        lines = "".join(
            f'    <reg name="{slot.name}" bitsize="{8 * slot.size}" regnum="{slot.number}" '
            f'type="{register_type(slot.row)}"{_group(name, slot.row)}{self._for_lldb(slot)}/>\n'
            for slot in slots
        )
        return f'  <feature name="{name}">\n{lines}  </feature>\n'

    def _for_lldb(self, slot: Slot) -> str:
        """Attributes that gdb passes over: what a register is for, another name, its number in call frame
        information."""
        number, generic = self._dwarf.get(slot.row.name), _GENERIC.get(slot.row.role)
        numbers = f' dwarf_regnum="{number}" ehframe_regnum="{number}"' if number is not None else ""
        other = next((name for name in (slot.row.name, *slot.row.aliases) if name != slot.name), None)
        named = f' altname="{other}"' if other is not None else ""
        return (f' generic="{generic}"' if generic is not None else "") + named + numbers

    @cached_property
    def _dwarf(self) -> dict[str, int]:
        numbers = range(MOST_DWARF)
        return {name: each for each in numbers if (name := dwarf_register(self.isa, each)) is not None}

    def _groups(self) -> Iterable[tuple[str, list[tuple[int, Register]]]]:
        isa = self.isa
        standard = gdb_registers(isa) if isa.gdb is not None else ()
        following = max((row.gdb or 0 for row in standard), default=-1) + 1
        for name, group in isa.gdb.features if isa.gdb is not None else ():
            yield name, [(row.gdb or 0, row) for row in standard if row.group == group]
        rest: dict[str, list[tuple[int, Register]]] = {}
        for row in isa.registers:
            if row in standard or row.group in VIEWS:
                continue
            rest.setdefault(row.group, []).append((following, row))
            following += 1
        family = isa.name
        for group, rows in rest.items():
            known = isa.gdb is not None and any(name.startswith("org.axemu.") and name.endswith(f".{group}")
                                                for name, _ in isa.gdb.features)  # fmt: skip
            word = "system" if group == "csr" else group.replace("_", "-").replace(" ", "-")
            yield f"org.axemu.{family}.{'more-' if known else ''}{word}", rows


def _bytes(row: Register) -> int:
    """As many as the register has; GDB has integers of powers of two only."""
    count = -(-row.bits // 8)
    return 1 << (count - 1).bit_length() if count <= 8 else count


def _group(feature: str, row: Register) -> str:
    """What `info registers` does not list by itself."""
    own = feature.startswith("org.gnu.") and feature not in FETCHED
    return (
        ""
        if own
        else f' group="{row.group.replace(" ", "_") if feature.startswith("org.axemu.") else "system"}"'
    )
