"""Coverage of source files: how often each line and each function was executed.

A line has code where a line table says that a statement of it begins. Such a place was executed as often as its first
instruction. A line may have several places in one function (the head of a for loop has three): its count is that of the
place executed most often. What is compiled several times over (a static function in a header, a template) counts with
the sum of its copies.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import TYPE_CHECKING

import numpy as np

from axemu.cov.branches import Branch, Falls, branches_in, code_at
from emu.executions import entry_of, marks
from emu.symbols import SymbolKind

if TYPE_CHECKING:
    from emu.debug.info import DebugInfo, Source
    from emu.executions import Executions, Numbers
    from emu.symbols import SourceLine, SymbolTable
    from isa.contract import Isa


@dataclass
class FileCoverage:
    """Counts by line, and of functions by (line of declaration, name); of conditional branches by (line, number there):
    how often taken, and not taken."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[tuple[int, str], int] = field(default_factory=dict)
    branches: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    @property
    def lines_hit(self) -> int:
        return sum(1 for count in self.lines.values() if count)

    @property
    def functions_hit(self) -> int:
        return sum(1 for count in self.functions.values() if count)

    @property
    def ways(self) -> int:
        """Both ways of every branch."""
        return 2 * len(self.branches)

    @property
    def ways_hit(self) -> int:
        return sum((taken > 0) + (passed > 0) for taken, passed in self.branches.values())

    def by_line(self) -> dict[int, list[tuple[int, tuple[int, int]]]]:
        """The (number, counts) of the branches of each line that has some."""
        found: dict[int, list[tuple[int, tuple[int, int]]]] = {}
        for (line, number), counts in sorted(self.branches.items()):
            found.setdefault(line, []).append((number, counts))
        return found

    def add_branch(self, key: tuple[int, int], counts: tuple[int, int]) -> None:
        taken, passed = self.branches.get(key, (0, 0))
        self.branches[key] = taken + counts[0], passed + counts[1]

    def add(self, other: FileCoverage) -> None:
        for line, count in other.lines.items():
            self.lines[line] = self.lines.get(line, 0) + count
        for key, count in other.functions.items():
            self.functions[key] = self.functions.get(key, 0) + count
        for branch, counts in other.branches.items():
            self.add_branch(branch, counts)


@dataclass
class Coverage:
    """By the path of the source file."""

    files: dict[str, FileCoverage] = field(default_factory=dict)

    def file(self, path: str) -> FileCoverage:
        return self.files.setdefault(path, FileCoverage())

    def add(self, other: Coverage) -> None:
        for path, each in other.files.items():
            self.file(path).add(each)

    @property
    def totals(self) -> dict[str, int]:
        """Of all files; empty where there is none."""
        held = self.files.values()
        if not held:
            return {}
        ways = sum(each.ways for each in held)
        return {
            "lines": sum(len(each.lines) for each in held),
            "lines_hit": sum(each.lines_hit for each in held),
            "functions": sum(len(each.functions) for each in held),
            "functions_hit": sum(each.functions_hit for each in held),
        } | ({"branches": ways, "branches_hit": sum(each.ways_hit for each in held)} if ways else {})

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


class Names:
    """The functions of a symbol table, and where every call of each comes by."""

    def __init__(self, symbols: SymbolTable, isa: Isa) -> None:
        self.table, self.isa = symbols, isa
        self.functions = [each for each in symbols if each.kind is SymbolKind.FUNCTION and each.size]
        self.mark = marks(isa)
        self.marked = {each.address & ~self.mark for each in self.functions if each.address & self.mark}
        """Functions of Thumb code."""
        self._entries = {each.address & ~self.mark: entry_of(isa, each) for each in self.functions}

    def entry(self, address: int) -> int:
        """What says how often code at `address` was begun: of a function, the instruction that every call executes."""
        return self._entries.get(address, address)


class Program:
    """The functions and statements of one program, and its conditional branches where they are asked for: read once,
    however many runs are measured."""

    def __init__(self, info: DebugInfo, names: Names, paths: Paths, *, branches: bool = False) -> None:
        places = _functions(info)
        places += _symbols(info, names, {each.low for each in places})
        self.functions = [
            (paths.of(each.declared), (each.declared.line, each.name), names.entry(each.low))
            for each in places
            if each.declared is not None
        ]
        self._starts = sorted(low for each in places for low, _ in each.parts)
        found = info.statements()
        groups: dict[tuple[str, int, int], int] = {}
        self._group = np.array(
            [
                groups.setdefault((paths.of(line), line.line, self.function_of(address)), len(groups))
                for address, line in found
            ],
            np.int64,
        )
        self._groups = list(groups)
        self._addresses = np.array([names.entry(address) for address, _ in found], np.uint64)
        parts = sorted({part for each in places for part in each.parts})
        self._branches = list(self._branches_in(parts, info, names, paths)) if branches else []

    def _branches_in(
        self, parts: list[tuple[int, int]], info: DebugInfo, names: Names, paths: Paths
    ) -> Iterator[tuple[str, tuple[int, int], Branch]]:
        """With the path of the file, the line, and the number of the branch there."""
        numbers: dict[tuple[str, int, int], int] = {}
        seen: set[int] = set()
        for low, high in parts:
            code = code_at(info, low, high - low)
            for each in branches_in(names.isa, code, low, marked=low in names.marked):
                line = None if each.address in seen else info.line(each.address)
                seen.add(each.address)
                if line is None:
                    continue
                key = paths.of(line), line.line, self.function_of(each.address)
                numbers[key] = numbers.get(key, -1) + 1
                yield key[0], (line.line, numbers[key]), each

    def function_of(self, address: int) -> int:
        """A number for the stretch of code that `address` is in."""
        return bisect_right(self._starts, address)

    def measure(self, executions: Executions, into: Coverage, falls: Falls | None = None) -> None:
        """Add one run."""
        if falls is not None:
            for path, branch, each in self._branches:
                into.file(path).add_branch(branch, falls.of(each, executions))
        lows = np.array([low for _, _, low in self.functions], np.uint64)
        for (path, key, _), count in zip(self.functions, _times(executions, lows).tolist(), strict=True):
            functions = into.file(path).functions
            functions[key] = functions.get(key, 0) + count
        most = np.zeros(len(self._groups), np.int64)
        np.maximum.at(most, self._group, _times(executions, self._addresses))
        for (path, number, _), count in zip(self._groups, most.tolist(), strict=True):
            lines = into.file(path).lines
            lines[number] = lines.get(number, 0) + count


def coverage(executions: Executions, programs: Iterable[Program], falls: Falls | None = None) -> Coverage:
    """Of all files that the programs' debugging information names. A function that only the symbol table has is where
    the line of its first instruction is."""
    found = Coverage()
    for each in programs:
        each.measure(executions, found, falls)
    return found


def _times(executions: Executions, addresses: Numbers) -> Numbers:
    """How often the instruction at each of `addresses` was executed."""
    if not len(executions.addresses):
        return np.zeros(len(addresses), np.int64)
    places = np.searchsorted(executions.addresses, addresses)
    places[places == len(executions.addresses)] = 0
    return np.where(executions.addresses[places] == addresses, executions.times[places], 0)


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


def _symbols(info: DebugInfo, names: Names, known: set[int]) -> list[_Place]:
    """The functions that only the symbol table has, of those with lines."""
    found = {}
    for each in names.functions:
        low = each.address & ~names.mark
        if low not in known and low not in found:
            found[low] = _Place(each.name, low, ((low, low + each.size),), info.line(low))
    return list(found.values())
