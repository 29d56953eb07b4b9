"""The exit table as the screen's thread may read it: rows up to one moment, and filters over them.

A filter is words: `uart` or `mmio-write` alone names a device or a kind; `kind:`, `device:`, `reg:`, `value:`, `addr:`,
`pc:`, `vcpu:` and `exit:` ask one column. Numbers are C's; `pc:` and `reg:` take names. A `-` before a word excludes.
"""

from __future__ import annotations

import difflib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from axemu.errors import UsageError
from emu.debug.exits import Event, ExitRow
from emu.debug.stop import Position
from emu.symbols import SymbolTable

Rows = NDArray[Any]
Mask = NDArray[np.bool_]
ZERO: Final = Position(0, 0)
KINDS: Final = {event.text: event for event in Event}
GROUPS: Final = {
    "mmio": ("mmio-read", "mmio-write"),
    "io": ("io-read", "io-write"),
    "sysreg": ("sysreg-read", "sysreg-write"),
    "read": ("mmio-read", "io-read", "sysreg-read"),
    "write": ("mmio-write", "io-write", "sysreg-write"),
}
MMIO: Final = (Event.MMIO_READ, Event.MMIO_WRITE)
PORTS: Final = (Event.IO_READ, Event.IO_WRITE)
WORDS: Final = ("kind", "device", "reg", "value", "addr", "pc", "vcpu", "exit")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is: [base, base + size), ports or addresses. `registers` (offset, write) -> name."""

    name: str
    base: int
    size: int
    port: bool
    registers: dict[tuple[int, bool], str] = field(default_factory=dict, compare=False)


class Places:
    """A machine's devices by address."""

    def __init__(self, places: Sequence[Place] = ()) -> None:
        self.all: Final = tuple(sorted(places, key=lambda each: each.base))
        self._by_kind = {
            port: [each for each in self.all if each.port is port] for port in (False, True)
        }  # fmt: skip
        self._bases = {port: [each.base for each in some] for port, some in self._by_kind.items()}

    def find(self, address: int, *, port: bool) -> Place | None:
        some = self._by_kind[port]
        at = bisect_right(self._bases[port], address) - 1
        return some[at] if at >= 0 and address < some[at].base + some[at].size else None

    def of(self, row: ExitRow) -> Place | None:
        if row.kind in MMIO:
            return self.find(row.address, port=False)
        return self.find(row.address, port=True) if row.kind in PORTS else None


class ExitView:
    """Rows [dropped, count): parts are (index of the first, rows) that nobody changes any more. Parts count from the
    machine's first instruction, all else here from `origin`."""

    __slots__ = ("_starts", "count", "dropped", "origin", "parts")

    def __init__(
        self, parts: Sequence[tuple[int, Rows]] = (), dropped: int = 0, origin: Position = ZERO
    ) -> None:
        self.origin: Final = origin
        self.parts: Final = tuple(parts)
        self._starts: Final = [first for first, _ in self.parts]
        self.dropped: Final = dropped
        self.count: Final = self.parts[-1][0] + len(self.parts[-1][1]) if self.parts else dropped

    def __len__(self) -> int:
        return self.count - self.dropped

    def row(self, index: int) -> ExitRow:
        """Raises IndexError."""
        if not self.dropped <= index < self.count:
            raise IndexError(index)
        first, rows = self.parts[bisect_right(self._starts, index) - 1]
        number, instruction, time, pc, address, value, kind, vcpu, width, level = rows[index - first].tolist()
        number, instruction = number - self.origin.exit, instruction - self.origin.instruction
        return ExitRow(index, number, instruction, time, pc, address, value, Event(kind), vcpu, width, level)

    def after(self, start: int) -> Iterator[tuple[int, Rows]]:
        """The parts from index `start` on."""
        for first, rows in self.parts:
            skip = max(start - first, 0)
            if skip < len(rows):
                yield first + skip, rows[skip:]

    def select(self, wanted: Callable[[Rows], Mask], start: int = 0) -> NDArray[np.int64]:
        found = [np.nonzero(wanted(rows))[0] + first for first, rows in self.after(start)]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def density(self, bins: int, end: int) -> list[int]:
        """How many rows fall into each of `bins` equal stretches of instructions from the first row kept to `end`."""
        if not self.parts or bins < 1:
            return [0] * max(bins, 0)
        begin, end = int(self.parts[0][1][0]["instruction"]), end + self.origin.instruction
        edges = np.linspace(begin, max(end, begin + 1), bins + 1).astype(np.uint64)
        edges[-1] += np.uint64(1)
        counts = np.zeros(bins, np.int64)
        for _, rows in self.parts:  # each part's column is in order
            counts += np.diff(np.searchsorted(rows["instruction"], edges))
        return [int(each) for each in counts]

    @property
    def first_instruction(self) -> int:
        return int(self.parts[0][1][0]["instruction"]) - self.origin.instruction if self.parts else 0


@dataclass(frozen=True, slots=True)
class Filter:
    """What `text` selects. `mask` (rows -> which) is None where it selects all."""

    text: str = ""
    mask: Callable[[Rows], Mask] | None = None

    @classmethod
    def parse(cls, text: str, places: Places, symbols: SymbolTable, origin: Position = ZERO) -> Filter:
        """`exit:` counts from `origin`. Raises UsageError with what was expected."""
        masks = [_mask(word, places, symbols, origin) for word in text.split()]
        if not masks:
            return cls()

        def all_of(rows: Rows) -> Mask:
            found = masks[0](rows)
            for mask in masks[1:]:
                found = found & mask(rows)
            return found

        return cls(text.strip(), all_of)


def _mask(word: str, places: Places, symbols: SymbolTable, origin: Position) -> Callable[[Rows], Mask]:
    if word.startswith("-") and len(word) > 1:
        inner = _mask(word[1:], places, symbols, origin)
        return lambda rows: ~inner(rows)
    name, colon, value = word.partition(":")
    if not colon:
        known = (*KINDS, *GROUPS)
        if word in known:
            name, value = "kind", word
        elif any(each.name == word for each in places.all):
            name, value = "device", word
        else:
            near = difflib.get_close_matches(word, [*known, *(each.name for each in places.all)], 2)
            meant = f" Did you mean {' or '.join(near)}?" if near else ""
            raise UsageError(
                "A filter is kinds (mmio, trap ...), devices, and kind: device: reg: value: addr: pc: vcpu: exit:.",
                f"'{word}' is none of them.{meant}",
            )
    match name:
        case "kind":
            wanted = [
                event
                for text, event in KINDS.items()
                if any(text == each or text in GROUPS.get(each, ()) for each in value.split(","))
            ]  # fmt: skip
            if not wanted:
                raise UsageError(
                    f"No kind of exit is named '{value}'.", f"There are {', '.join((*KINDS, *GROUPS))}."
                )
            return lambda rows: np.isin(rows["kind"], wanted)
        case "device":
            some = [each for each in places.all if each.name.startswith(value)]
            if not some:
                names = ", ".join(each.name for each in places.all)
                raise UsageError(f"No device is named '{value}'.", f"There are {names}.")
            return lambda rows: _within(rows, some)
        case "reg":
            spots = [
                (each.base + offset, each.port)
                for each in places.all
                for (offset, _), register in each.registers.items()
                if register.lower() == value.lower()
            ]
            if not spots:
                raise UsageError(
                    f"No device has a register '{value}'.", attempt="addr:0x... selects by address."
                )
            return lambda rows: _at(rows, spots)
        case "pc":
            symbol = symbols.find(value)
            if symbol is not None:
                low, high = symbol.address, symbol.address + max(symbol.size, 1)
                return lambda rows: (rows["pc"] >= np.uint64(low)) & (rows["pc"] < np.uint64(high))
            return _column("pc", value)
        case "exit":
            return _column("number", value, origin.exit)
        case "value" | "addr" | "vcpu":
            return _column("address" if name == "addr" else name, value)
        case _:
            raise UsageError(f"A filter has no column '{name}'.", f"It has {', '.join(WORDS)}.")


def _column(column: str, text: str, base: int = 0) -> Callable[[Rows], Mask]:
    """`N`, or `LOW..HIGH`, both included and either left out; counted from `base`."""
    low, dots, high = text.partition("..")
    try:
        begin = int(low, 0) if low else 0
        end = (int(high, 0) if high else (1 << 64) - 1) if dots else int(low, 0)
    except ValueError:
        raise UsageError(
            f"{column}: expected a number or LOW..HIGH.", f"It got '{text}'.", "Try 0x10 or 5..9."
        ) from None
    first, last = (np.uint64(min(max(each + base, 0), (1 << 64) - 1)) for each in (begin, end))
    return lambda rows: (rows[column] >= first) & (rows[column] <= last)


def _within(rows: Rows, places: Sequence[Place]) -> Mask:
    found: Mask = np.zeros(len(rows), np.bool_)
    for each in places:
        kinds = PORTS if each.port else MMIO
        inside = (rows["address"] >= np.uint64(each.base)) & (
            rows["address"] < np.uint64(each.base + each.size)
        )
        found |= inside & np.isin(rows["kind"], kinds)
    return found


def _at(rows: Rows, spots: Sequence[tuple[int, bool]]) -> Mask:
    found: Mask = np.zeros(len(rows), np.bool_)
    for address, port in spots:
        found |= (rows["address"] == np.uint64(address)) & np.isin(rows["kind"], PORTS if port else MMIO)
    return found
