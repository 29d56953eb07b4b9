"""What every answer is made from: the file in DuckDB, its names, and the conditions that clauses are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from emu.trace.query.database import SOURCE, Database
from emu.trace.query.errors import BadQuestion, NotRecorded
from emu.trace.query.header import Header
from emu.trace.query.names import Names
from emu.trace.query.question import Clauses, Condition
from emu.trace.query.views import (
    BLOCK,
    BRANCH,
    CONSOLE,
    CONTEXT,
    EXCEPTION,
    EXIT,
    INSN,
    INTERRUPT,
    READ,
    REG,
    WRITE,
    Column,
    Shown,
    View,
    numbers_in,
    quoted,
)

RECORDED_AS: Final = {
    INSN: "insns",
    BLOCK: "insns",
    REG: "regs",
    READ: "mem",
    WRITE: "mem",
    BRANCH: "branches",
    EXIT: "exits",
    EXCEPTION: "exceptions",
    INTERRUPT: "interrupts",
    CONTEXT: "contexts",
    CONSOLE: "console",
}
"""The words of --record by the kinds of rows that they make."""
LONGEST: Final = (1 << 16) - 1
"""Instructions of a block, at most."""
_NAMES: Final = ("symbol", "line")


@dataclass(frozen=True)
class Context:
    database: Database
    names: Names

    @property
    def header(self) -> Header:
        return self.database.header

    def records(self, kind: int) -> bool:
        return RECORDED_AS[kind] in self.header.record

    def require(self, kind: int) -> None:
        """Raises NotRecorded."""
        if not self.records(kind):
            raise NotRecorded(RECORDED_AS[kind], self.header.record)

    def conditions(self, clauses: Clauses, view: View | None, *, blocks: bool = False) -> list[str]:
        """Over the columns of the file; `blocks`: of rows that are many instructions. Raises BadQuestion; without a view
        there is nothing to compare."""
        first = clauses.first
        if blocks and first is not None:
            first = max(first - LONGEST, 0)  # a block that began before it may reach into it
        found = self.database.span(first, clauses.last)
        if clauses.vcpu is not None:
            found.append(f"vcpu = {clauses.vcpu}")
        if clauses.function is not None:
            found.append(self.names.code(clauses.function).condition)
        for condition in clauses.conditions:
            if view is None:
                raise BadQuestion(_text(condition), "this question takes no `where`", "Ask it with --sql")
            found.append(self._compared(condition, view))
        return found

    def where(self, *conditions: str) -> str:
        return " AND ".join(conditions) or "true"

    def decorated(self, rows: str, *, pc: str = "pc", prefix: str = "") -> str:
        """The rows of a query with the names of one of its addresses behind them."""
        added = f'symbol_at({pc}) AS "{prefix}symbol"'
        if self.names.has_lines:
            added += f', line_at({pc}) AS "{prefix}line"'
        return f"SELECT *, {added} FROM ({rows})"

    def names_of_pc(self, prefix: str = "") -> tuple[Column, ...]:
        """The columns that `decorated` adds."""
        return tuple(
            Column(prefix + name, name, Shown.TEXT) for name in _NAMES[: 2 if self.names.has_lines else 1]
        )

    def vcpus(self, clauses: Clauses) -> Sequence[int]:
        """Those that a question is about."""
        return [clauses.vcpu] if clauses.vcpu is not None else self.vcpus_there()

    def vcpus_there(self) -> Sequence[int]:
        most = self.database.fetch_one(f"SELECT max(vcpu) FROM {SOURCE}")[0]
        return range((most or 0) + 1)

    def notes(self) -> list[str]:
        """What an answer may miss: what the trace left out."""
        found = [f"left out: {count:,} ({reason})" for reason, count in self.header.left_out.items() if count]
        filters = self.header.fields.get("filters")
        given = {name: value for name, value in (filters or {}).items() if value not in (None, [], "")}
        if given:
            found.append(
                "recorded with filters: "
                + ", ".join(f"{name} {_plain(value)}" for name, value in given.items())
            )
        if self.header.fields.get("complete") is False:
            found.append(
                f"not complete: {self.header.fields.get('ended') or 'the recording was ended early'}"
            )
        return found

    def _compared(self, condition: Condition, view: View) -> str:
        column = view.column(condition.column)
        if column is None:
            known = [each.name for each in view.columns]
            raise unknown("column", condition.column, known)
        if column.texts:
            return numbers_in(column.sql, self._chosen(condition, column, view))
        if condition.operator == "~":
            raise BadQuestion(
                _text(condition), f"{column.name} is a number, and ~ compares texts", "Use = or <"
            )
        try:
            number = self.names.address(condition.value)
        except BadQuestion as error:
            raise BadQuestion(
                _text(condition), f"{column.name} is a number: {error.reason}", error.attempt
            ) from error
        operator = {"!=": "<>"}.get(condition.operator, condition.operator)
        return f"{column.sql} {operator} {number}"

    def _chosen(self, condition: Condition, column: Column, view: View) -> list[int]:
        """The numbers of the texts that the condition allows."""
        value = condition.value
        if condition.operator not in ("=", "!=", "~"):
            raise BadQuestion(_text(condition), f"{column.name} is a text: it takes =, != and ~")
        if condition.operator == "~":
            return [
                number for number, text in enumerate(column.texts) if fnmatchcase(text.lower(), value.lower())
            ]
        same = [number for number, text in enumerate(column.texts) if _same(text, value)]
        if not same:
            known = set(column.texts) if view.name != "exits" else self._known(column, view)
            if column.name == "device":
                known |= set(self.header.devices)
            if not any(_same(text, value) for text in known):
                raise unknown(column.name, value, sorted(text for text in known if text))
        if condition.operator == "=":
            return same
        return [number for number in range(len(column.texts)) if number not in same]

    def _known(self, column: Column, view: View) -> set[str]:
        """The texts that rows of this view have: the file's names are of several kinds of rows."""
        query = f'SELECT DISTINCT "{column.name}" FROM {view.name}'
        return {str(row[0]) for row in self.database.fetch(query)}


def unknown(kind: str, name: str, known: Sequence[str]) -> BadQuestion:
    """No `kind` is called `name`: with the nearest ones, or all where they are few."""
    folded = {each.lower(): each for each in known}
    near = [folded[each] for each in get_close_matches(name.lower(), folded, n=3, cutoff=0.5)]
    if near:
        attempt = f"Did you mean {' or '.join(near)}?"
    elif known:
        attempt = f"There {'is' if len(known) == 1 else 'are'} {', '.join(known[:40])}"
    else:
        attempt = "There is none in this trace"
    return BadQuestion(name, f"there is no {kind} of this name", attempt)


def _same(text: str, value: str) -> bool:
    """`uart` means `uart0` too."""
    text, value = text.lower(), value.lower()
    return text == value or (
        text.startswith(value) and text[len(value) :].isdecimal() and not value[-1:].isdecimal()
    )


def _text(condition: Condition) -> str:
    return f"{condition.column}{condition.operator}{condition.value}"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def literal(value: str | int | None) -> str:
    """A value in SQL."""
    return "NULL" if value is None else quoted(value) if isinstance(value, str) else str(value)
