"""All ranges of addresses that a vCPU's page tables map, as `info tlb` of other monitors shows them.

Sources: RISC-V privileged 1.12 [4.3 to 4.6], Intel SDM 3A [4.3 to 4.5], Arm DDI 0487 [D8]; MIPS MD00090 [4.2], whose
TLB is all there is. The rights are those that the tables grant; whether the present privilege may use them is for
`emu.debug.walk` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from emu.debug.walk import reader, why_not
from isa.aarch64 import paging as aarch64
from isa.abilities import ReadPhysical, ReadRegister
from isa.contract import Isa
from isa.riscv import paging as riscv
from isa.x86 import paging as x86

if TYPE_CHECKING:
    from emu.machine import Machine

LIMIT: Final = 1000
"""Ranges, unless another number is asked for."""
TABLES: Final = 4096
"""Tables that are read at most: some guests map tables into themselves."""


@dataclass(frozen=True, slots=True)
class Range:
    """[address, address + size) is at `physical` on; `rights` is a subset of "rwxu"."""

    address: int
    physical: int
    size: int
    rights: str

    @property
    def last(self) -> int:
        return self.address + self.size - 1

    def __str__(self) -> str:
        return f"{self.address:#018x}-{self.last:#018x} -> {self.physical:#x}  {self.rights}"


@dataclass(frozen=True, slots=True)
class Mappings:
    """By ascending address; neighbours with the same rights are one. `note` says why there is nothing, that there is
    more, or what else a reader must know."""

    ranges: tuple[Range, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry that maps a page."""

    physical: int
    rights: str


@dataclass(frozen=True, slots=True)
class Inner:
    """An entry that points to a table; `denied` is what it withholds from all below it, bits as the ISA has them."""

    table: int
    denied: int


Decode: TypeAlias = Callable[
    [int, int, int], Leaf | Inner | None
]  # (level, entry, denied); None: maps nothing


@dataclass(frozen=True, slots=True)
class Tables:
    """A tree of tables. Level n, 0 the lowest, has 2**bits[n] entries of `entry_size` bytes for 2**shifts[n] bytes each.
    `base` is the lowest address; with `split` the upper half of the root's entries is for the highest addresses."""

    root: int
    bits: tuple[int, ...]
    shifts: tuple[int, ...]
    entry_size: int
    decode: Decode
    base: int = 0
    split: bool = False


def mappings(machine: Machine, vcpu: int, limit: int = LIMIT) -> Mappings:
    """What is mapped for a vCPU now, at most `limit` ranges. Nothing changes."""
    machine.settle()
    isa, read = machine.isa, machine.vcpus[vcpu].arch.read_register
    if isa.name.startswith("mips"):
        return _bounded(merged(_mips(isa, read)), limit, "Of kuseg, kseg2 and kseg3: the TLB has no more.")
    find = _FINDERS.get(isa.name)
    if find is None:
        why = (
            why_not(isa)
            if isa.page_walk is None
            else f"{isa.name}: its tables are read for one address at a time"
        )
        return Mappings((), f"There is no list of what is mapped. {why}.")
    trees, note = find(isa, read)
    scan = Scan(reader(machine))
    found = _bounded(merged(each for tree in trees for each in scan.ranges(tree)), limit, note)
    if scan.exhausted:
        return replace(found, note=f"There may be more: only {TABLES} tables were read.")
    return found


def _bounded(ranges: Iterable[Range], limit: int, note: str) -> Mappings:
    kept: list[Range] = []
    for each in ranges:
        if len(kept) == limit:
            return Mappings(tuple(kept), f"There are more: these are the first {limit}.")
        kept.append(each)
    return Mappings(tuple(kept), note if kept or note else "The tables map nothing.")


def merged(ranges: Iterable[Range]) -> Iterator[Range]:
    """Neighbours that lie one after the other in physical memory too, with the same rights, as one."""
    held: Range | None = None
    for each in ranges:
        if held is None:
            held = each
        elif (held.last + 1, held.physical + held.size, held.rights) == (
            each.address,
            each.physical,
            each.rights,
        ):
            held = replace(held, size=held.size + each.size)
        else:
            yield held
            held = each
    if held is not None:
        yield held


class Scan:
    """Reads tables, at most TABLES of them; then it is `exhausted`."""

    def __init__(self, read: ReadPhysical) -> None:
        self._read, self._left = read, TABLES

    @property
    def exhausted(self) -> bool:
        return self._left < 0

    def ranges(self, tree: Tables) -> Iterator[Range]:
        """Pages by ascending address."""
        yield from self._level(tree, len(tree.bits) - 1, tree.root, tree.base, 0)

    def _level(self, tree: Tables, level: int, at: int, base: int, denied: int) -> Iterator[Range]:
        self._left -= 1
        raw = None if self.exhausted else self._read(at, tree.entry_size << tree.bits[level])
        if raw is None:
            return
        entries = np.frombuffer(raw, f"<u{tree.entry_size}")
        shift, half = tree.shifts[level], 1 << tree.bits[level] - 1
        split = tree.split and level == len(tree.bits) - 1
        for index in np.flatnonzero(entries).tolist():
            found = tree.decode(level, int(entries[index]), denied)
            if found is None:
                continue
            address = base + (index << shift)
            if split and index >= half:
                address += (1 << 64) - (2 * half << shift)
            if isinstance(found, Leaf):
                yield Range(address, found.physical, 1 << shift, found.rights)
            elif level:
                yield from self._level(tree, level - 1, found.table, address, found.denied)


# -- instruction sets -------------------------------------------------------------------------------------------------

_OFF: Final = "Translation is off: addresses are guest-physical."


def _riscv(isa: Isa, read: ReadRegister) -> tuple[list[Tables], str]:
    satp = read("satp")
    tables = riscv.scheme(satp, isa.bits)
    if tables is None:
        return [], _OFF
    ppn = (1 << tables.ppn_bits) - 1

    def decode(level: int, entry: int, denied: int) -> Leaf | Inner | None:
        if not entry & riscv.V or (entry & riscv.W and not entry & riscv.R) or entry >> 54:
            return None
        frame = entry >> 10 & ppn
        if entry & (riscv.R | riscv.W | riscv.X):
            aligned = not frame & (1 << level * tables.index_bits) - 1
            return Leaf(frame << 12, riscv.rights(entry)) if aligned else None
        return None if entry & (riscv.U | riscv.A | riscv.D) else Inner(frame << 12, 0)

    levels = range(tables.levels)
    bits, shifts = tuple(tables.index_bits for _ in levels), tuple(12 + tables.index_bits * n for n in levels)
    tree = Tables((satp & ppn) << 12, bits, shifts, tables.entry_size, decode, split=isa.bits == 64)
    note = "Machine mode does not use them." if read("priv") == 3 else ""
    return [tree], note


_FRAME: Final = 0x000F_FFFF_FFFF_F000


def _x86(isa: Isa, read: ReadRegister) -> tuple[list[Tables], str]:
    cr4, cr3 = read("cr4"), read("cr3")
    tables = x86.scheme(read("cr0"), cr4, read("efer"))
    if tables is None:
        return [], _OFF
    small = tables is x86.BITS_32
    pointers = tables.levels - 1 if tables is x86.PAE else None  # have no rights

    def decode(level: int, entry: int, denied: int) -> Leaf | Inner | None:
        if not entry & x86.P:
            return None
        if level != pointers:
            denied |= ~entry & (x86.RW | x86.US) | entry & x86.XD
        large = level + 1 in tables.large and bool(entry & x86.PS) and (not small or bool(cr4 >> 4 & 1))
        if level and not large:
            return Inner(entry & (0xFFFF_F000 if small else _FRAME), denied)
        if small and large:  # PSE-36 [table 4-4]
            physical = entry & 0xFFC0_0000 | (entry >> 13 & 0xFF) << 32
        else:
            physical = entry & (0xFFFF_F000 if small else _FRAME) & -1 << 12 + level * tables.index_bits
        letters = (("w", not denied & x86.RW), ("x", not denied & x86.XD), ("u", not denied & x86.US))
        return Leaf(physical, "r" + "".join(letter for letter, given in letters if given))

    levels = range(tables.levels)
    bits = tuple(tables.top_bits if n == tables.levels - 1 else tables.index_bits for n in levels)
    shifts = tuple(12 + tables.index_bits * n for n in levels)
    root = cr3 & (0xFFFF_FFE0 if tables is x86.PAE else 0xFFFF_F000 if small else _FRAME)
    return [Tables(root, bits, shifts, tables.entry_size, decode, split=tables is x86.FOUR_LEVEL)], ""


_PXN, _UXN, _NO_USER, _READ_ONLY = 1, 2, 4, 8
"""What an AArch64 table withholds: bits 62 to 59 of the entry that points to it [DDI 0487, D8.3]."""


def _aarch64(isa: Isa, read: ReadRegister) -> tuple[list[Tables], str]:
    controls = max(read("cpsr") >> 2 & 3, 1)
    if not read(f"sctlr_el{controls}") & 1:
        return [], _OFF
    places = (0, (1 << 64) - 1) if controls == 1 else (0,)
    found = [(place, aarch64.root_table(read, controls, place)) for place in places]
    return [_aarch64_tree(each, place, controls) for place, each in found if not isinstance(each, str)], ""


def _aarch64_tree(table: aarch64.Table, place: int, controls: int) -> Tables:
    stride, top = table.granule - 3, 3 - table.level
    shifts = tuple(table.granule + stride * n for n in range(top + 1))
    frame = (1 << 48) - 1 & -1 << table.granule

    def decode(level: int, entry: int, denied: int) -> Leaf | Inner | None:
        if not entry & 1 or (level == 0 and not entry & 2):
            return None
        if level and entry & 2:
            return Inner(entry & frame, denied | entry >> 59 & 0xF)
        if level > 2 or (level == 2 and table.granule != 12):
            return None  # no block has this size
        user = controls == 1 and bool(entry >> 6 & 1) and not denied & _NO_USER
        writable = not entry >> 7 & 1 and not denied & _READ_ONLY
        bit, of_table = (54, _UXN) if user or controls > 1 else (53, _PXN)
        never = entry >> bit & 1 or denied & of_table
        letters = (("w", writable), ("x", not never), ("u", user))
        return Leaf(
            entry & frame & -1 << shifts[level], "r" + "".join(each for each, given in letters if given)
        )

    bits = tuple(stride if n < top else table.bits - shifts[top] for n in range(top + 1))
    base = (1 << 64) - (1 << table.bits) if place else 0
    return Tables(table.root, bits, shifts, 8, decode, base)


def _mips(isa: Isa, read: ReadRegister) -> Iterator[Range]:
    """The TLB's entries of the present address space."""
    from isa.mips.tlb import entries  # noqa: PLC0415 - it loads the engine

    asid = read("entryhi") & 0xFF
    found: list[Range] = []
    for entry in entries(read("tlb"), isa.bits):
        if entry.hidden or not (entry.whole or entry.asid == asid):
            continue
        size = (entry.mask >> 1) + 1
        for half, (frame, valid, dirty, no_execute, no_read) in enumerate(entry.pages):
            if valid:
                letters = (("r", not no_read), ("w", dirty), ("x", not no_execute))
                rights = "".join(letter for letter, given in letters if given)
                found.append(Range(entry.base + half * size, frame, size, rights))
    yield from sorted(found, key=lambda each: each.address)


_FINDERS: Final[Mapping[str, Callable[[Isa, ReadRegister], tuple[list[Tables], str]]]] = {
    "riscv64": _riscv,
    "riscv32": _riscv,
    "x86_64": _x86,
    "i386": _x86,
    "aarch64": _aarch64,
}
