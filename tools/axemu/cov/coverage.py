"""Coverage of source files: how often each line and each function was executed.

A line has code where a line table says that a statement of it begins. Such a place was executed as often as its first
instruction. A line may have several places in one function (the head of a for loop has three): its count is that of the
place executed most often. What is compiled several times over (a static function in a header, a template) counts with
the sum of its copies.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import TYPE_CHECKING

from emu.executions import entry_of, marks
from emu.symbols import SymbolKind

if TYPE_CHECKING:
    from emu.debug.info import DebugInfo, Source
    from emu.executions import Executions
    from emu.symbols import SourceLine, SymbolTable
    from isa.contract import Isa


@dataclass
class FileCoverage:
    """Counts by line, and of functions by (line of declaration, name)."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[tuple[int, str], int] = field(default_factory=dict)

    @property
    def lines_hit(self) -> int:
        return sum(1 for count in self.lines.values() if count)

    @property
    def functions_hit(self) -> int:
        return sum(1 for count in self.functions.values() if count)

    def add(self, other: FileCoverage) -> None:
        for line, count in other.lines.items():
            self.lines[line] = self.lines.get(line, 0) + count
        for key, count in other.functions.items():
            self.functions[key] = self.functions.get(key, 0) + count


@dataclass
class Coverage:
    """By the path of the source file."""

    files: dict[str, FileCoverage] = field(default_factory=dict)

    def file(self, path: str) -> FileCoverage:
        return self.files.setdefault(path, FileCoverage())

    def add(self, other: Coverage) -> None:
        for path, each in other.files.items():
            self.file(path).add(each)

    def ordered(self) -> list[tuple[str, FileCoverage]]:
        return sorted(self.files.items())


@dataclass(frozen=True, slots=True)
class _Place:
    """A function: its first instruction, its stretches of code, where it is declared."""

    name: str
    low: int
    parts: tuple[tuple[int, int], ...]
    declared: SourceLine | None


class Paths:
    """Source files by their paths here, where they are here; else as the compiler wrote them down."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[tuple[str, str], str] = {}

    def of(self, line: SourceLine) -> str:
        key = line.directory, line.file
        if key not in self._known:
            here = self._source.path(line)
            self._known[key] = str(here.resolve()) if here is not None else normpath(join(*key))
        return self._known[key]


class Times:
    """How often the code at an address was begun: a function, by the instruction that every call of it executes."""

    def __init__(self, executions: Executions, symbols: SymbolTable, isa: Isa) -> None:
        pairs = zip(executions.addresses.tolist(), executions.times.tolist(), strict=True)
        self._times: dict[int, int] = dict(pairs)
        self.functions = [each for each in symbols if each.kind is SymbolKind.FUNCTION and each.size]
        self.mark = marks(isa)
        self._entries = {each.address & ~self.mark: entry_of(isa, each) for each in self.functions}

    def at(self, address: int) -> int:
        return self._times.get(self._entries.get(address, address), 0)


def coverage(times: Times, infos: Iterable[DebugInfo], paths: Paths) -> Coverage:
    """Of all files that the programs' debugging information names. A function that only the symbol table has is where
    the line of its first instruction is."""
    found = Coverage()
    for info in infos:
        places = _functions(info)
        places += _symbols(info, times, {each.low for each in places})
        for each in places:
            if each.declared is not None:
                counts = found.file(paths.of(each.declared)).functions
                key = each.declared.line, each.name
                counts[key] = counts.get(key, 0) + times.at(each.low)
        _add_lines(found, times, info, places, paths)
    return found


def _functions(info: DebugInfo) -> list[_Place]:
    return [
        _Place(
            each.linkage_name or each.name,
            each.low,
            each.ranges or ((each.low, each.high),),
            each.declared or info.line(each.low),
        )
        for each in info.every_function()
    ]


def _symbols(info: DebugInfo, times: Times, known: set[int]) -> list[_Place]:
    """The functions that only the symbol table has, of those with lines."""
    found = {}
    for each in times.functions:
        low = each.address & ~times.mark
        if low not in known and low not in found:
            found[low] = _Place(each.name, low, ((low, low + each.size),), info.line(low))
    return list(found.values())


def _add_lines(found: Coverage, times: Times, info: DebugInfo, places: list[_Place], paths: Paths) -> None:
    starts = sorted(low for each in places for low, _ in each.parts)
    most: dict[tuple[str, int, int], int] = {}
    for address, line in info.statements():
        key = paths.of(line), line.line, bisect_right(starts, address)
        most[key] = max(most.get(key, 0), times.at(address))
    for (path, number, _), count in most.items():
        lines = found.file(path).lines
        lines[number] = lines.get(number, 0) + count
