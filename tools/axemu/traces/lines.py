"""What the text formats have in common: instructions with all that belongs to them, disassembled once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from emu.executions import decodings
from emu.trace.recorder import Described
from emu.trace.rows import Batch, Kind
from isa.disassembly import disassemble
from isa.errors import NoSuchAbility

if TYPE_CHECKING:
    from emu.symbols import SymbolTable
    from isa.contract import Isa

Row = tuple[int, int, int, int, int, int, int, int]
"""In the order of emu.trace.rows.TYPES."""
_PARTS: Final = frozenset({Kind.REG, Kind.READ, Kind.WRITE})


@dataclass(slots=True)
class Step:
    """One instruction, or (row None) what a trap has changed before the next one."""

    row: Row | None
    parts: list[Row] = field(default_factory=list)


class Grouping:
    """Puts together what belongs to one instruction, over the ends of batches."""

    def __init__(self) -> None:
        self._open: Step | None = None

    def steps(self, batch: Batch) -> Iterator[Step | Row]:
        """Instructions with their accesses and registers, and other rows by themselves."""
        for row in batch.rows():
            kind = row[2]
            if kind in _PARTS:
                if self._open is None or (self._open.row is not None and self._open.row[0] != row[0]):
                    yield from self.rest()
                    self._open = Step(None)
                self._open.parts.append(row)  # type: ignore[arg-type]
                continue
            yield from self.rest()
            if kind == Kind.INSN:
                self._open = Step(row)  # type: ignore[arg-type]
            else:
                yield row  # type: ignore[misc]

    def rest(self) -> Iterator[Step]:
        """The last instruction: no more comes."""
        step, self._open = self._open, None
        if step is not None:
            yield step


class Code:
    """Instructions as text, by pc and bytes."""

    def __init__(self, isa: Isa, symbols: SymbolTable) -> None:
        self._isa, self._symbols = isa, symbols
        self._decodings = decodings(isa)
        self._known: dict[tuple[int, int, int, int], tuple[bytes, str, str]] = {}

    def of(self, row: Row) -> tuple[bytes, str, str]:
        """(bytes, disassembly, symbol+offset) of a row of kind INSN."""
        key = row[3], row[4], row[5], row[6]
        found = self._known.get(key)
        if found is None:
            pc, high, low, size = key
            code = (low | high << 64).to_bytes(16, "little")[:size]
            found = self._known[key] = code, self._text(code, pc), self._symbols.name(pc) or ""
        return found

    def _text(self, code: bytes, pc: int) -> str:
        for isa in self._decodings:
            try:
                found = disassemble(isa, code, pc, limit=1)
            except NoSuchAbility:
                return ""
            if found and found[0].decoded and len(found[0].code) == len(code):
                return str(found[0])
        return ""


@dataclass(frozen=True, slots=True)
class Words:
    """Names of registers and of what happened."""

    described: Described

    def register(self, number: int) -> str:
        followed = self.described.registers
        assert followed is not None
        lane = followed.lanes[number]
        return f"{lane.name}[{lane.lane}]" if lane.bits > 64 else lane.name

    def what(self, number: int) -> str:
        return self.described.names.all[number]
