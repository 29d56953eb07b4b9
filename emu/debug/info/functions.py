"""Functions, and calls that were inlined."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from emu.debug.info.codes import At, Tag
from emu.debug.info.dies import Damaged, Die, Unit
from emu.debug.info.lines import LineTable
from emu.debug.info.lists import ranges
from emu.symbols import SourceLine

_SCOPES: Final = frozenset({Tag.BLOCK, Tag.INLINED, Tag.SUBPROGRAM})
_DEEPEST: Final = 256


@dataclass(frozen=True, slots=True)
class Function:
    """A function that has code: guest-virtual [low, high) is the part with its entry, `ranges` are all parts.

    `die` is its entry's offset in .debug_info; `declared` its line of declaration. Compares by name and place.
    """

    name: str
    low: int
    high: int
    die: int
    declared: SourceLine | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    external: bool = True
    linkage_name: str = ""


@dataclass(frozen=True, slots=True)
class InlinedCall:
    """A call of `name` that has no frame of its own. `call` is the line that calls; guest-virtual [low, high) is the
    part of it that holds the address asked for."""

    name: str
    call: SourceLine | None
    low: int
    high: int
    die: int
    declared: SourceLine | None = None


class UnitCode:
    """The code of one unit, in addresses as linked: its functions by address, its lines."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    @cached_property
    def lines(self) -> LineTable | None:
        offset = self.unit.top.number(At.STMT_LIST)
        return None if offset is None else LineTable(self.unit, offset)

    @cached_property
    def functions(self) -> list[tuple[int, int, int]]:
        """(low, high, entry's offset) of every part of every function, by address."""
        found: list[tuple[int, int, int]] = []
        for offset, tag in self.unit.outline:
            if tag != Tag.SUBPROGRAM:
                continue
            try:
                die = self.unit.die(offset)
                found.extend((low, high, offset) for low, high in ranges(die))
            except (Damaged, IndexError) as error:
                self.unit.units.trouble(f"The function at {offset:#x} of .debug_info is damaged: {error}.")
        return sorted(found)

    def function(self, address: int) -> Die | None:
        """The entry of the function with code at `address`, the innermost of several."""
        parts = self.functions
        index = bisect_right(parts, (address, 1 << 65)) - 1
        for low, high, offset in reversed(parts[max(0, index - 8) : index + 1]):
            if low <= address < high:
                return self.unit.die(offset)
        return None

    def declared(self, die: Die, file: int = At.DECL_FILE, line: int = At.DECL_LINE) -> SourceLine | None:
        """The line that the entry is declared at (or, with other attributes, called from)."""
        held = die.inherited(line)
        if held is None or self.lines is None:
            return None
        number, row = held.number(file), held.number(line)
        if number is None or row is None:
            above = die.inherited(file)
            number = above.number(file) if above is not None else None
            if number is None or row is None:
                return None
        return self.lines.source(number, row)

    def scopes(self, die: Die, address: int) -> list[Die]:
        """The blocks and inlined calls inside the function `die` that hold `address`, outermost first."""
        found: list[Die] = []
        for _ in range(_DEEPEST):
            inner = next(self._inside(die, address), None)
            if inner is None:
                break
            found.append(inner)
            die = inner
        return found

    def _inside(self, die: Die, address: int) -> Iterator[Die]:
        if not die.children:
            return
        try:
            for offset, tag in self.unit.tags(die.end):
                if tag in _SCOPES:
                    child = self.unit.die(offset)
                    if any(low <= address < high for low, high in ranges(child)):
                        yield child
                    elif tag == Tag.BLOCK and At.RANGES not in child.values and At.LOW_PC not in child.values:
                        yield from self._inside(child, address)  # a block that only groups declarations
        except (Damaged, IndexError) as error:
            self.unit.units.trouble(f"The function at {die.offset:#x} of .debug_info is damaged: {error}.")
