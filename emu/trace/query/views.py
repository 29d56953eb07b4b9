"""What a trace looks like in SQL: one view a kind of event, with names for what the file has numbers of.

A column of texts is a list in the query: `what = 3` is `mmio-write uart`. A condition on such a column is one on the
number, which the file's statistics can answer for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from emu.trace.query.header import KINDS, Header

INSN, REG, READ, WRITE, BRANCH, EXIT, EXCEPTION, INTERRUPT, CONTEXT, CONSOLE, BLOCK = range(len(KINDS))


class Shown(Enum):
    """How a person wants to see it."""

    NUMBER = "decimal"
    HEX = "hexadecimal"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """`sql` over a row of the file; with `texts`, it is the index of one of them."""

    name: str
    sql: str
    shown: Shown = Shown.NUMBER
    texts: tuple[str, ...] = ()

    @property
    def expression(self) -> str:
        return f"{texts_list(self.texts)}[({self.sql} & 65535)::BIGINT + 1]" if self.texts else self.sql


@dataclass(frozen=True, slots=True)
class View:
    """The rows of the file that are of `kinds`."""

    name: str
    kinds: tuple[int, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name == name), None)

    @property
    def condition(self) -> str:
        if len(self.kinds) == 1:
            return f"kind = {self.kinds[0]}"
        return f"kind IN ({', '.join(map(str, self.kinds))})"

    @property
    def select(self) -> str:
        """What is between SELECT and FROM."""
        return ", ".join(f'{each.expression} AS "{each.name}"' for each in self.columns)

    def sql(self, source: str) -> str:
        where = f" WHERE {self.condition}" if self.kinds else ""
        return f"SELECT {self.select} FROM {source}{where}"


_WHEN: Final = (Column("insn", "insn"), Column("vcpu", "vcpu"))
_PC: Final = Column("pc", "pc", Shown.HEX)
_ADDRESS: Final = Column("address", "address", Shown.HEX)
_VALUE: Final = Column("value", "value", Shown.HEX)
_SIZE: Final = Column("size", "size")


def views(header: Header) -> dict[str, View]:
    """By name. `insns` is not among them: in a file of blocks it is no selection of rows."""
    registers = tuple(each.name for each in header.registers)
    wide = any(each.lane for each in header.registers)
    lanes = (Column("lane", "address", Shown.NUMBER, tuple(str(each.lane) for each in header.registers)),)
    reasons, devices = (
        zip(*(_reason(name) for name in header.names), strict=True) if header.names else ((), ())
    )
    access = Column("access", "kind", Shown.TEXT, KINDS)
    cause = (
        Column("cause", "what", Shown.TEXT, header.names),
        Column("number", "address"),
        _VALUE,
        Column("level", "size"),
        _PC,
    )
    rows = (
        View("mem", (READ, WRITE), (*_WHEN, access, _ADDRESS, _SIZE, _VALUE, _PC)),
        View("reads", (READ,), (*_WHEN, _ADDRESS, _SIZE, _VALUE, _PC)),
        View("writes", (WRITE,), (*_WHEN, _ADDRESS, _SIZE, _VALUE, _PC)),
        View(
            "regs",
            (REG,),
            (
                *_WHEN,
                Column("register", "address", Shown.TEXT, registers),
                *(lanes if wide else ()),
                _VALUE,
                _PC,
            ),
        ),
        View("branches", (BRANCH,), (*_WHEN, _PC, Column("target", "address", Shown.HEX))),
        View(
            "exits",
            (EXIT,),
            (
                *_WHEN,
                Column("reason", "what", Shown.TEXT, reasons),
                Column("device", "what", Shown.TEXT, devices),
                _ADDRESS,
                _SIZE,
                _VALUE,
                _PC,
            ),
        ),
        View("exceptions", (EXCEPTION,), (*_WHEN, *cause)),
        View("interrupts", (INTERRUPT,), (*_WHEN, *cause)),
        View(
            "contexts",
            (CONTEXT,),
            (
                *_WHEN,
                Column("register", "what", Shown.TEXT, header.names),
                Column("old", "address", Shown.HEX),
                Column("new", "value", Shown.HEX),
                _PC,
            ),
        ),
        View(
            "console",
            (CONSOLE,),
            (*_WHEN, Column("text", "value", Shown.TEXT, tuple(map(str, header.fields["console"]))), _PC),
        ),
        View(
            "trace",
            (),
            (
                *_WHEN,
                Column("kind", "kind", Shown.TEXT, KINDS),
                _PC,
                _ADDRESS,
                _VALUE,
                _SIZE,
                Column("what", "what", Shown.TEXT, header.names),
            ),
        ),
    )
    return {each.name: each for each in rows}


def insns_sql(header: Header, source: str, place: str = "") -> str:
    """One row an instruction. `code` are its first 8 bytes, little-endian, `code_high` the next 8. `place` names another
    column of the source that is kept."""
    kept = f", {place}" if place else ""
    if header.by_block:
        blocks = f"SELECT insn, vcpu, pc, value, address{kept} FROM {source} WHERE kind = {BLOCK}"
        steps = "unnest(steps[1:value::BIGINT]) AS step"
        each = f"SELECT insn, vcpu, pc, {steps}{kept} FROM ({blocks}) JOIN blocks ON address = block"
        return (
            "SELECT insn + step.number AS insn, vcpu, pc + step.offset AS pc, step.size AS size, step.code AS code, "
            f"step.code_high AS code_high{kept} FROM ({each})"
        )
    columns = f"insn, vcpu, pc, size, value AS code, address AS code_high{kept}"
    return f"SELECT {columns} FROM {source} WHERE kind = {INSN}"


def texts_list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def numbers_in(column: str, numbers: Sequence[int]) -> str:
    """The condition that `column` is one of `numbers`."""
    match list(numbers):
        case []:
            return "false"
        case [one]:
            return f"{column} = {one}"
        case several:
            return f"{column} IN ({', '.join(map(str, several))})"


def reasons_of(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(reason, device) of the names that are of exits."""
    return map(_reason, names)


def _reason(name: str) -> tuple[str, str]:
    reason, _, device = name.partition(" ")
    return reason, device
