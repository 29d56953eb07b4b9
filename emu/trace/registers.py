"""Which registers a trace can follow on an instruction set, and where it looks for them.

Most lie in the engine's CPU state as they are: their words are compared in place. Whether one does is found out, not
listed: a state of random bytes must show it with just the bytes of its place. What is computed, like flags, or depends
on something else, like a register of a window, is asked from the engine at each instruction.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from emu.debug.privilege import privilege_bits
from emu.engine.engine import blueprint
from emu.trace.rows import Column
from emu.trace.tracing import Watched, spans_of
from isa.register import Register, Role

if TYPE_CHECKING:
    from isa.contract import CpuModel, Isa
    from isa.records import StateView

_NEAR: Final = (Role.GENERAL, Role.SP, Role.RA, Role.FP)
_NEVER: Final = (Role.PC, Role.ZERO, Role.PRIVILEGE)
_ASKED: Final = (Role.GENERAL, Role.SP, Role.RA, Role.STATUS, Role.FP)
_LAZY: Final = ("eflags",)
"""The engine computes these when it is asked, from the last operation's result."""
_WITHIN: Final = {"s390x": ("pswm",), "sparc": ("npc",), "sparc64": ("npc",)}
"""What the engine knows at the end of a block alone, by ISA: the condition code, the target of a branch."""
_RANDOM: Final = 4
_WORD: Final = 8
_TOGETHER: Final = 8
"""Words that are compared together."""
_BANKS: Final = {"m68k": ("sr", 0x3000)}
"""Bits that choose a bank of registers, where they are more than those of the privilege."""
_ROOTS: Final = {
    "riscv64": "satp",
    "riscv32": "satp",
    "x86_64": "cr3",
    "i386": "cr3",
    "aarch64": "ttbr0_el1",
    "arm": "ttbr0",
    "mips": "entryhi",
    "mipsel": "entryhi",
    "mips64": "entryhi",
    "mips64el": "entryhi",
    "ppc": "sdr1",
    "ppc64": "sdr1",
    "s390x": "cr1",
    "m68k": "urp",
}
"""The register that says which address space it is, by ISA."""


@dataclass(frozen=True, slots=True)
class Lane:
    """64 bits of a register, or all of it: number `lane` from its least significant ones on."""

    name: str
    bits: int
    lane: int


@dataclass(frozen=True, slots=True)
class _Field:
    word: int
    shift: int
    mask: int
    lane: int
    size: int


class Followed:
    """The registers of a trace: what native code is to compare, and rows from what it notes."""

    def __init__(
        self, watched: Watched, lanes: tuple[Lane, ...], fields: list[_Field], unfollowed: tuple[str, ...]
    ) -> None:
        self.watched, self.lanes, self.unfollowed = watched, lanes, unfollowed
        depth = [0] * len(watched.masks)
        for each in fields:
            depth[each.word] += 1
        self.layers = max(depth, default=0)
        shape = self.layers, len(watched.masks)
        self.tables: tuple[Column, Column, Column, Column] = (
            np.full(shape, -1, np.int64),
            np.zeros(shape, np.uint64),
            np.zeros(shape, np.uint64),
            np.zeros(shape, np.uint16),
        )
        """Of each word, one below the other: the lanes in it (-1: none), how far to shift, a mask, bytes."""
        used = [0] * len(watched.masks)
        for each in fields:
            at = used[each.word], each.word
            used[each.word] += 1
            for table, value in zip(self.tables, (each.lane, each.shift, each.mask, each.size), strict=True):
                table[at] = value


def _chances(isa: Isa, view: StateView, pristine: bytes) -> list[bytes]:
    """States that a plain register shows itself in: of random bytes, and in each mode that may have a bank."""
    chance = random.Random(len(pristine))
    states = [chance.randbytes(len(pristine)) for _ in range(_RANDOM)]
    roles = Role.GENERAL, Role.SP, Role.RA, Role.SYSTEM
    places = [view.places[row.name] for row in isa.registers if row.role in roles and row.name in view.places]
    register, mask = _BANKS.get(isa.name, privilege_bits(isa)) or ("", 0)
    bits = mask
    while bits:
        state = bytearray(pristine)
        try:
            view.put(state, register, view.get(pristine, register) & ~mask | bits)
            mode = view.get(state, register)
        except Exception:  # a mode that cannot be
            bits = (bits - 1) & mask
            continue
        for at, size in places:
            before = state[at : at + size]
            state[at : at + size] = chance.randbytes(size)
            if view.get(state, register) != mode:
                state[at : at + size] = before
        states.append(bytes(state))
        bits = (bits - 1) & mask
    return states


def _is_plain(view: StateView, states: list[bytes], name: str) -> bool:
    """Whether a register is just the bytes at its place."""
    at, size = view.places[name]
    try:
        return all(
            view.get(state, name) == int.from_bytes(state[at : at + size], "little") for state in states
        )
    except Exception:
        return False


class _Making:
    def __init__(self) -> None:
        self.lanes: list[Lane] = []
        self.placed: list[tuple[int, int, int, int]] = []  # offset, shift, size, lane
        self.near: set[int] = set()  # offsets
        self.asked: list[tuple[int, int, int]] = []  # engine's number, bits, lane
        self.unfollowed: list[str] = []

    def place(self, row: Register, at: int, size: int) -> None:
        for number in range(-(-size // _WORD)):
            offset, width = at + number * _WORD, min(size - number * _WORD, _WORD)
            self.placed.append((offset & ~7, 8 * (offset & 7), width, len(self.lanes)))
            if row.role in _NEAR and row.group == "general":
                self.near.add(offset & ~7)
            self.lanes.append(Lane(row.name, row.bits, number))

    def ask(self, row: Register) -> None:
        assert row.unicorn is not None
        self.asked.append((row.unicorn, row.bits, len(self.lanes)))
        self.lanes.append(Lane(row.name, row.bits, 0))

    def done(self) -> Followed:
        near = tuple((at, -(-count // _TOGETHER) * _TOGETHER) for at, count in spans_of(list(self.near), 0))
        spans = near + spans_of([offset for offset, *_ in self.placed if offset not in self.near])
        first: dict[int, int] = {}
        words = 0
        for offset, count in spans:
            for i in range(count):
                first.setdefault(offset + 8 * i, words + i)
            words += count
        masks = [0] * words
        fields = []
        for offset, shift, size, lane in self.placed:
            mask = (1 << 8 * size) - 1
            masks[first[offset]] |= mask << shift
            fields.append(_Field(first[offset], shift, mask, lane, size))
        for number, (_, bits, lane) in enumerate(self.asked):
            mask = (1 << min(bits, 64)) - 1
            masks.append(mask)
            fields.append(_Field(words + number, 0, mask, lane, -(-bits // 8)))
        watched = Watched(spans, len(near), tuple(masks), tuple(number for number, *_ in self.asked))
        return Followed(watched, tuple(self.lanes), fields, tuple(self.unfollowed))


def followed(isa: Isa, model: CpuModel, *, in_place: bool, asked: bool = False) -> Followed:
    """All registers that can be followed; in_place: the engine shows its CPU state. asked: also those outside of it that
    mean something only while a unit is on, like fflags."""
    found = blueprint(isa, model)
    view, native = found.registers, found.native
    counted = {name for name, *_ in (*native.counted, *native.clocks)}
    making, states = _Making(), _chances(isa, view, found.pristine)
    taken: set[int] = set()
    for row in isa.registers:
        if row.role in _NEVER or row.name in counted:
            continue
        if row.name in _WITHIN.get(isa.name, ()):
            making.unfollowed.append(row.name)
            continue
        if row.name not in _LAZY and in_place and row.name in view.places:
            at, size = view.places[row.name]
            whole = set(range(at, at + size))
            if whole & taken:
                continue  # another name for the same
            if at % 8 + min(size, 8) <= 8 and _is_plain(view, states, row.name):
                taken |= whole
                making.place(row, at, size)
                continue
        banked = row.name in view.places and _is_plain(view, states[:_RANDOM], row.name)
        if asked and row.name in native.outside and row.unicorn is not None:
            making.ask(row)
        elif row.note or (banked and row.name not in _LAZY):
            making.unfollowed.append(row.name)
        elif row.role in _ASKED and row.unicorn is not None and not row.privilege and row.bits <= 64:
            making.ask(row)
        elif row.unicorn is not None and row.role is not Role.SYSTEM:
            making.unfollowed.append(row.name)
    return making.done()


@dataclass(frozen=True, slots=True)
class Contexts:
    """The privilege and the address space: what native code compares at each block, by word its name, shift and mask.
    `level`: the privilege has to be watched in another way."""

    watched: Watched
    names: tuple[tuple[str, int, int], ...]
    level: bool


def contexts(isa: Isa, model: CpuModel, *, in_place: bool) -> Contexts:
    found = blueprint(isa, model)
    view, states = found.registers, _chances(isa, found.registers, found.pristine)
    bits = privilege_bits(isa)
    wanted = [] if bits is None else [("privilege", bits[0], bits[1])]
    root = _ROOTS.get(isa.name)
    if root is not None:
        wanted.append((root, root, (1 << 64) - 1))
    spans, masks, names = [], [], []
    for name, register, mask in wanted:
        if not in_place or register not in view.places or not _is_plain(view, states, register):
            continue
        at, size = view.places[register]
        if at % 8 + size <= 8:
            part = mask & (1 << 8 * size) - 1
            spans.append((at & ~7, 1))
            masks.append(part << 8 * (at & 7))
            names.append((name, 8 * (at & 7), part))
    level = bits is not None and all(name != "privilege" for name, *_ in names)
    return Contexts(Watched(tuple(spans), masks=tuple(masks)), tuple(names), level)
