"""Names for addresses, and addresses for names: the symbols that the trace has, and those of files beside it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from emu.errors import EmuError
from emu.symbols import Symbol, SymbolKind, SymbolTable
from emu.trace.query.errors import BadQuestion
from emu.trace.query.header import Header

if TYPE_CHECKING:
    from emu.debug.info import DebugInfos, Frame
    from emu.debug.sources import SymbolSource
    from isa.contract import Isa

_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F_]+|\d[\d_]*")
_NAME: Final = re.compile(r"[A-Za-z_.$][\w.$@]*")
_OFFSET: Final = re.compile(
    r"(?P<name>[A-Za-z_.$][\w.$@]*) ?(?P<sign>[+-]) ?(?P<offset>0[xX][0-9a-fA-F]+|\d+)"
)
_POINTED: Final = re.compile(r"\*+ ?[A-Za-z_.$][\w.$@]*")
_NO_MEMORY: Final = "memory has no value in a question about all of a run"
_LINE: Final = re.compile(r"(?P<file>[^:]+):(?P<line>\d+)")


@dataclass(frozen=True, slots=True)
class Memory:
    """`size` bytes at guest-physical `address`, called `label`."""

    label: str
    address: int
    size: int

    def __str__(self) -> str:
        end = f"..{self.address + self.size - 1:#x}" if self.size > 1 else ""
        where = f"{self.address:#x}{end}"
        return where if self.label.lower() == where else f"{self.label} ({where})"


@dataclass(frozen=True, slots=True)
class Code:
    """A place in code: `entries` are where it begins, `parts` the addresses [low, high) that belong to it. A name may be
    that of several functions."""

    label: str
    entries: tuple[int, ...]
    parts: tuple[tuple[int, int], ...]

    @property
    def condition(self) -> str:
        """For the column pc."""
        return "(" + " OR ".join(f"pc BETWEEN {low} AND {high - 1}" for low, high in self.parts) + ")"

    def __str__(self) -> str:
        where = ", ".join(f"{each:#x}" for each in self.entries)
        return where if self.label.lower() == where else f"{self.label} ({where})"


class Names:
    """Of one trace. `sources` are symbol files; the trace's own names are looked up first."""

    def __init__(self, header: Header, sources: Sequence[SymbolSource] = ()) -> None:
        self.header, self.sources = header, tuple(sources)

    @cached_property
    def table(self) -> SymbolTable:
        return SymbolTable.merged([*(source.table for source in self.sources), SymbolTable(self._own())])

    def _own(self) -> Iterator[Symbol]:
        """The trace's: of several at one address the recorder has the best name first."""
        before = None
        for name, address, size in self.header.fields["symbols"]:
            kind = SymbolKind.LABEL if address == before else SymbolKind.FUNCTION
            yield Symbol(str(name), int(address), int(size), kind)
            before = address

    @cached_property
    def info(self) -> DebugInfos:
        from emu.debug.info import DebugInfo, DebugInfos  # noqa: PLC0415 - it is big, and not always needed

        return DebugInfos(DebugInfo(each.path, base=each.base) for each in self.sources if each.is_elf)

    @cached_property
    def isa(self) -> Isa:
        from isa.registry import find  # noqa: PLC0415 - it is big, and not always needed

        return find(self.header.isa)

    @property
    def has_lines(self) -> bool:
        return any(source.is_elf for source in self.sources) and len(self.info) > 0

    def symbol(self, address: int) -> str | None:
        return self.table.name(address)

    def function(self, address: int) -> str | None:
        found = self.table.at(address)
        return None if found is None else found.name

    def line(self, address: int) -> str | None:
        if not self.has_lines:
            return None
        found = self.info.line(address)
        return None if found is None else f"{found.file.rpartition('/')[2]}:{found.line}"

    def memory(self, text: str) -> Memory:
        """`ADDR`, `FIRST..LAST` (both included) or `ADDR,BYTES`. A name alone stands for all of its bytes.

        Raises BadQuestion.
        """
        first, dots, last = text.partition("..")
        if dots:
            low, high = self.address(first.strip()), self.address(last.strip())
            if high < low:
                raise BadQuestion(text, "expected a range FIRST..LAST, and it ends before it begins")
            return self._memory(text, low, high - low + 1)
        start, comma, length = text.rpartition(",")
        if comma and _NUMBER.fullmatch(length.strip()):
            size = int(length.strip(), 0)
            if not size:
                raise BadQuestion(text, "expected ADDR,BYTES with at least one byte")
            return self._memory(start.strip(), self.address(start.strip()), size)
        address, size = self._sized(text)
        return self._memory(text, address, size)

    def code(self, text: str) -> Code:
        """A function by its name, or a place in code: an address, `NAME+OFFSET`, `FILE:LINE`. Raises BadQuestion."""
        line = _LINE.fullmatch(text)
        if line is not None:
            found = tuple(sorted(set(self._of_line(text, line["file"], int(line["line"])))))
            return Code(text, found, tuple((each, each + 1) for each in found))
        same = [each for each in self.table if each.name == text] if _NAME.fullmatch(text) else []
        if same:
            parts: dict[int, int] = {}
            for each in same:
                parts[each.address] = max(parts.get(each.address, 0), self._end(each))
            entries = sorted({each.address + each.local_entry for each in same})
            return Code(text, tuple(entries), tuple(sorted(parts.items())))
        address = self.address(text)
        return Code(self.symbol(address) or text, (address,), ((address, address + 1),))

    def address(self, text: str) -> int:
        return self._sized(text)[0]

    def _memory(self, label: str, address: int, size: int) -> Memory:
        if address + size > 1 << 64:
            raise BadQuestion(label, "expected addresses below 2**64")
        return Memory(label, self._physical(address), size)

    def _physical(self, address: int) -> int:
        """Where the kernel's own `address` lay at the end of the recording, where the trace says so."""
        for virtual, physical, size in self.header.fields.get("translations") or ():
            if virtual <= address < virtual + size:
                return int(physical + address - virtual)
        return address

    def _sized(self, text: str) -> tuple[int, int]:
        """An address and how many bytes are meant."""
        if _NUMBER.fullmatch(text):
            return self._number(text, int(text, 0)), 1
        if _NAME.fullmatch(text):
            symbol = self.table.find(text)
            if symbol is not None:
                return symbol.address, max(symbol.size, 1)
        offset = _OFFSET.fullmatch(text)
        symbol = self.table.find(offset["name"]) if offset is not None else None
        if offset is not None and symbol is not None:
            by = int(offset["offset"], 0)
            return self._number(text, symbol.address + (by if offset["sign"] == "+" else -by)), 1
        if _NAME.fullmatch(text) and not self.has_lines:
            raise self._unknown(text)
        return self._evaluated(text)

    def _evaluated(self, text: str) -> tuple[int, int]:
        """An expression of C: what is in memory stands for its address."""
        from emu.debug.expression import Expression  # noqa: PLC0415 - it is big, and seldom needed
        from emu.debug.info.types import Kind  # noqa: PLC0415

        if _POINTED.fullmatch(text):
            raise BadQuestion(text, _NO_MEMORY, "Ask `value of` for the pointer first")
        scope = _Static(self)
        try:
            value = Expression.parse(f"&({text})").evaluate(scope)
        except EmuError:
            try:
                value = Expression.parse(text).evaluate(scope)
            except EmuError as error:
                name = next(iter(_NAME.findall(text)), "")
                if name and not self.table.find(name) and not self.has_lines:
                    raise self._unknown(name) from error
                raise _of_expression(text, error) from error
        plain = value.type.strip()
        size = plain.target.strip().size if plain.kind is Kind.POINTER else 1
        try:
            return self._number(text, int(value) & (1 << 64) - 1), max(size, 1)
        except EmuError as error:
            raise BadQuestion(text, str(error).rstrip(".")) from error

    def _of_line(self, text: str, file: str, line: int) -> list[int]:
        found = self.info.addresses(file, line) if self.has_lines else []
        if not found:
            raise BadQuestion(
                text,
                "no code is known for this line",
                "Name the program, compiled with -g, by --symbols FILE, and the source file as the compiler knew it",
            )
        return found

    def _unknown(self, name: str) -> BadQuestion:
        near = self.table.nearest_names(name)
        if near:
            return BadQuestion(name, "there is no symbol of this name", f"Did you mean {' or '.join(near)}?")
        there = "the trace has no symbols" if not len(self.table) else "there is no symbol of this name"
        return BadQuestion(name, there, "More names: --symbols FILE; an address is 0x-prefixed")

    def _number(self, text: str, value: int) -> int:
        if not 0 <= value < 1 << 64:
            raise BadQuestion(text, "expected an address from 0 to 2**64 - 1")
        return value

    def _end(self, symbol: Symbol) -> int:
        if symbol.size:
            return symbol.address + symbol.size
        starts = self._starts
        following = bisect_right(starts, symbol.address)
        end = starts[following] if following < len(starts) else symbol.address + 1
        return min(end, symbol.bound or end)

    @cached_property
    def _starts(self) -> list[int]:
        return [symbol.address for symbol in self.table]


def _of_expression(text: str, error: EmuError) -> BadQuestion:
    from emu.debug.errors import ExpressionError  # noqa: PLC0415 - it is big, and seldom needed

    if isinstance(error, BadQuestion):
        return error
    if not isinstance(error, ExpressionError):
        return BadQuestion(text, str(error).rstrip(".?"))
    meant = f"Did you mean {' or '.join(error.nearest)}?" if error.nearest else ""
    return BadQuestion(text, f"expected {error.expected} at character {error.position + 1}", meant)


class _Static:
    """What an expression is evaluated in where no guest is: names and types, no registers and no memory."""

    def __init__(self, names: Names) -> None:
        self.symbols, self.info, self.isa = names.table, names.info, names.isa
        self.frame: Frame | None = None
        self.facts: Mapping[str, int] = {}

    def register(self, name: str) -> int:
        raise BadQuestion(f"${name}", "a register has no value in a question about all of a run")

    def write_register(self, name: str, value: int) -> None:
        self.register(name)

    def read(self, address: int, size: int) -> bytes:
        raise BadQuestion(f"*{address:#x}", _NO_MEMORY, "Ask `value of`")

    def write(self, address: int, data: bytes) -> None:
        self.read(address, len(data))
