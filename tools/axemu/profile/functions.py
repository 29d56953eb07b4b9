"""Executions by function and by source line."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.symbols import SourceLine, Symbol

if TYPE_CHECKING:
    from axemu.profile.session import Counted


@dataclass(frozen=True, slots=True)
class FunctionCount:
    """`symbol` is None for code that no symbol covers; `entries` are executions of its first instruction, None where
    that is unknown."""

    symbol: Symbol | None
    instructions: int
    entries: int | None

    @property
    def name(self) -> str:
        return self.symbol.name if self.symbol is not None else "(no symbol)"


@dataclass(frozen=True, slots=True)
class LineCount:
    """`line` is None for code that no line table covers."""

    line: SourceLine | None
    instructions: int


def by_function(counted: Counted) -> list[FunctionCount]:
    """Most instructions first."""
    from emu.executions import entry_of, marks  # noqa: PLC0415 - not for --help

    symbols, executions, isa = counted.debugger.symbols, counted.executions, counted.debugger.machine.isa
    mark = marks(isa)
    sums: dict[Symbol | None, int] = defaultdict(int)
    for address, times in zip(executions.addresses.tolist(), executions.times.tolist(), strict=True):
        sums[symbols.at(address | mark)] += times
    found = []
    for symbol, instructions in sums.items():
        entries = None
        if symbol is not None:
            entries = executions.at(entry_of(isa, symbol)) or None
        found.append(FunctionCount(symbol, instructions, entries))
    return sorted(found, key=lambda each: (-each.instructions, each.name))


def by_line(counted: Counted) -> list[LineCount]:
    """Most instructions first."""
    info, executions = counted.debugger.info, counted.executions
    sums: dict[SourceLine | None, int] = defaultdict(int)
    for address, times in zip(executions.addresses.tolist(), executions.times.tolist(), strict=True):
        sums[info.line(address)] += times
    return sorted(
        (LineCount(line, times) for line, times in sums.items()),
        key=lambda each: (-each.instructions, str(each.line)),
    )
