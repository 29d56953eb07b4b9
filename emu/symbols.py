"""Names for addresses: the guest's symbols, and the source lines of its DWARF.

Theory: symbols nest and touch (a label inside a function, an alias, a function followed by padding). The
table cuts the address space once into stretches, each owned by the symbol that began last and has not
ended; a lookup is one bisection. A symbol without a size (assembly labels) owns everything up to the next
symbol, but nothing past the end of its section.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from itertools import pairwise
from typing import TypeAlias


class SymbolKind(IntEnum):
    """What a symbol names. Of several at one address the smallest value gives the address its name."""

    FUNCTION = 0
    LABEL = 1  # assembly labels, linker script symbols
    OBJECT = 2
    ABSOLUTE = 3  # a number with a name (a size, a count): it has a value, but names no address


@dataclass(frozen=True, slots=True)
class Symbol:
    """`address` as linked (guest-virtual), `size` in bytes, 0 where unknown.

    `bound` is the first address after its section, None where unknown: a symbol of size 0 ends there at the
    latest.
    """

    name: str
    address: int
    size: int = 0
    kind: SymbolKind = SymbolKind.LABEL
    exported: bool = True  # global or weak: preferred to a local one
    bound: int | None = None
    local_entry: int = 0  # bytes from `address` to where callers of the same module enter (ppc64)

    @property
    def rank(self) -> tuple[int, bool, bool, str]:
        """The order of preference among symbols at one address; least first."""
        return (self.kind, not self.exported, self.size == 0, self.name)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """`file` as the compiler was given it, `directory` where it then lay; together they find the text."""

    file: str
    line: int
    directory: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


LineLookup: TypeAlias = Callable[
    [int], SourceLine | None
]  # guest-virtual address -> its line, None where unknown


class SymbolTable:
    """The symbols of one image or of several; immutable. Lookups never raise: what has no name is None."""

    __slots__ = ("_by_name", "_lines", "_owners", "_starts", "_symbols")

    def __init__(self, symbols: Iterable[Symbol] = (), lines: Iterable[LineLookup] = ()) -> None:
        self._symbols = tuple(sorted(symbols, key=lambda symbol: (symbol.address, symbol.rank)))
        self._lines = tuple(lines)
        self._by_name: dict[str, Symbol] | None = None
        self._starts: list[int] | None = None
        self._owners: list[Symbol | None] = []

    @classmethod
    def merged(cls, tables: Iterable[SymbolTable]) -> SymbolTable:
        """One table of all. Of equal names in different tables, the earlier table's is found by name."""
        parts = tuple(tables)
        if len(parts) == 1:
            return parts[0]
        whole = cls(
            (symbol for part in parts for symbol in part), (line for part in parts for line in part._lines)
        )
        whole._by_name = {}
        for part in reversed(parts):
            whole._by_name.update(part._names())
        return whole

    def __iter__(self) -> Iterator[Symbol]:
        """In order of address."""
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)

    def find(self, name: str) -> Symbol | None:
        """The symbol of that name; of several, an exported one, then the lowest."""
        return self._names().get(name)

    def address(self, name: str) -> int | None:
        """The guest-virtual address (or the absolute value) of `name`."""
        symbol = self.find(name)
        return None if symbol is None else symbol.address

    def entry(self, name: str) -> int | None:
        """Where every call of the function `name` comes by; for other symbols their address."""
        symbol = self.find(name)
        return None if symbol is None else symbol.address + symbol.local_entry

    def nearest_names(self, name: str, count: int = 3) -> list[str]:
        """Known names most like `name`, best first: for error texts."""
        return difflib.get_close_matches(name, self._names(), count)

    def at(self, address: int) -> Symbol | None:
        """The symbol that covers `address`."""
        starts = self._stretches()
        index = bisect_right(starts, address) - 1
        return self._owners[index] if index >= 0 else None

    def covering(self, addresses: Sequence[int]) -> set[Symbol | None]:
        """The symbols that cover one of `addresses` (ascending); None for one between two symbols that none covers."""
        starts = self._stretches()
        found: set[Symbol | None] = set()
        at = bisect_left(addresses, starts[0]) if starts else len(addresses)
        while at < len(addresses):
            index = bisect_right(starts, addresses[at])
            if index == len(starts):
                break
            found.add(self._owners[index - 1])
            at = bisect_left(addresses, starts[index], at)
        return found

    def name(self, address: int) -> str | None:
        """`address` as "name" or "name+0x1c", None where no symbol covers it."""
        symbol = self.at(address)
        if symbol is None:
            return None
        return symbol.name if symbol.address == address else f"{symbol.name}+{address - symbol.address:#x}"

    def line(self, address: int) -> SourceLine | None:
        """The source line of `address`. The first call reads the debugging information."""
        for lookup in self._lines:
            found = lookup(address)
            if found is not None:
                return found
        return None

    def _names(self) -> dict[str, Symbol]:
        if self._by_name is None:
            names: dict[str, Symbol] = {}
            for symbol in self._symbols:
                known = names.get(symbol.name)
                if known is None or (symbol.exported and not known.exported):
                    names[symbol.name] = symbol
            self._by_name = names
        return self._by_name

    def _stretches(self) -> list[int]:
        if self._starts is None:
            starts: list[int] = []
            self._owners = []
            for start, owner in _cut(self._symbols):
                if not starts or self._owners[-1] is not owner:
                    starts.append(start)
                    self._owners.append(owner)
            self._starts = starts
        return self._starts


def _cut(symbols: Iterable[Symbol]) -> Iterator[tuple[int, Symbol | None]]:
    """(start, owner) of each stretch, in order; the last one has no owner."""
    named = [symbol for symbol in symbols if symbol.kind is not SymbolKind.ABSOLUTE]
    begins = sorted({symbol.address for symbol in named})
    following = dict(pairwise(begins))
    ends = [_end(symbol, following.get(symbol.address)) for symbol in named]
    open_: list[
        tuple[int, tuple[int, bool, bool, str], int]
    ] = []  # latest start first, then rank, then index
    position = 0
    for edge in sorted({*begins, *ends}):
        while position < len(named) and named[position].address == edge:
            heappush(open_, (-edge, named[position].rank, position))
            position += 1
        while open_ and ends[open_[0][2]] <= edge:
            heappop(open_)
        yield edge, named[open_[0][2]] if open_ else None


def _end(symbol: Symbol, following: int | None) -> int:
    if symbol.size:
        return symbol.address + symbol.size
    limits = [limit for limit in (following, symbol.bound) if limit is not None]
    return max(min(limits, default=symbol.address + 1), symbol.address + 1)
