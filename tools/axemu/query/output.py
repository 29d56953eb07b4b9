"""Answers on standard output or in a file: a table for people, or rows for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Self

import duckdb
import typer

from axemu.errors import InputUnreadable, UsageError
from axemu.query.command import Format
from emu.trace.query import Answer, BadSql, Trace
from emu.trace.query.views import Shown

_AT_ONCE: Final = 10_000
_HEX: Final = frozenset(
    {"pc", "address", "value", "target", "old", "new", "before", "from_pc", "code", "code_high"}
)
"""Columns of a query's rows that are shown in hexadecimal."""


class Sink:
    """Where answers go; `limit` is the most rows of one, None for all. A context manager: a file is there after it."""

    def __init__(self, form: Format, path: Path | None, limit: int | None) -> None:
        self.form, self._path, self.limit = form, path, limit
        self._stream: IO[str] = sys.stdout

    def __enter__(self) -> Self:
        if self._path is not None and self.form is not Format.PARQUET:
            try:
                self._stream = self._path.open("w", encoding="utf-8", newline="")
            except OSError as error:
                raise InputUnreadable.of(self._path, error, "write the answer") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self._path is not None:
                if self._stream is not sys.stdout:
                    self._stream.close()
            else:
                self._stream.flush()
        except OSError as error:
            if kind is None:
                raise self._lost(error) from error

    def answer(self, answer: Answer) -> None:
        """Raises InputUnreadable where it cannot be written, BrokenPipeError where nobody reads."""
        relation = answer.relation(self.limit)
        shown = [each.shown for each in answer.columns]
        head = {
            "question": answer.question,
            "answer": answer.lead,
            "facts": dict(answer.facts),
            "notes": list(answer.notes),
        }
        if self.form is Format.TABLE:
            self._write([answer.lead, *self._facts(answer)])
            rows = relation.fetchall()
            self._table([each.name for each in answer.columns], shown, rows)
            if answer.count > len(rows):
                self._write(
                    [f"... {answer.count - len(rows):,} more; --limit 0 shows all, from and to narrow it"]
                )
        else:
            self._rows(relation, head | {"count": answer.count})
        for note in answer.notes:
            typer.echo(f"axemu: {note}", err=True)
        answer.close()

    def sql(self, trace: Trace, query: str) -> None:
        """Raises BadSql besides."""
        try:
            relation = trace.sql(query)
            if self.form is not Format.TABLE:
                limited = relation if self.limit is None else relation.limit(self.limit)
                self._rows(limited, {"sql": query})
                return
            rows = (relation if self.limit is None else relation.limit(self.limit + 1)).fetchall()
        except duckdb.Error as error:
            raise BadSql.of(query, error) from error
        shown = [
            Shown.HEX
            if name in _HEX and "INT" in str(kind)
            else Shown.TEXT
            if str(kind) == "VARCHAR"
            else Shown.NUMBER
            for name, kind in zip(relation.columns, relation.types, strict=True)
        ]
        self._table(relation.columns, shown, rows[: self.limit])
        if self.limit is not None and len(rows) > self.limit:
            self._write(["... and more; --limit 0 shows all"])

    def _facts(self, answer: Answer) -> Iterator[str]:
        """Those of a summary, a line each: elsewhere the sentence has them."""
        if "file" in answer.facts:
            width = max(map(len, answer.facts))
            for name, value in answer.facts.items():
                if value is not None:
                    text = f"{value:,}" if type(value) is int else str(value)
                    yield f"  {name:<{width}}  {text}"

    def _table(self, names: Sequence[str], shown: Sequence[Shown], rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        cells = [[_cell(value, how) for value, how in zip(row, shown, strict=True)] for row in rows]
        widths = [max(len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(names)]
        left = [how is Shown.TEXT for how in shown]

        def line(texts: Sequence[str]) -> str:
            parts = (
                text.ljust(width) if aside else text.rjust(width)
                for text, width, aside in zip(texts, widths, left, strict=True)
            )
            return "  ".join(parts).rstrip()

        self._write(["", line(names), *map(line, cells)])

    def _rows(self, relation: duckdb.DuckDBPyRelation, head: dict[str, Any]) -> None:
        if self.form is Format.PARQUET:
            self._parquet(relation)
            return
        names = relation.columns
        if self.form is Format.CSV:
            writer = csv.writer(_Lines(self._write), lineterminator="")
            writer.writerow(names)
            for row in _batches(relation):
                writer.writerow(row)
        elif self.form is Format.JSONL:
            self._write(
                json.dumps(dict(zip(names, row, strict=True)), default=str) for row in _batches(relation)
            )
        else:
            start = json.dumps(head, indent=1).removesuffix("\n}")
            self._write([f'{start},\n "rows": ['])
            before = ""
            for row in _batches(relation):
                if before:
                    self._write([before + ","])
                before = "  " + json.dumps(dict(zip(names, row, strict=True)), default=str)
            self._write([*([before] if before else ()), " ]", "}"])

    def _parquet(self, relation: duckdb.DuckDBPyRelation) -> None:
        assert self._path is not None
        try:
            relation.write_parquet(str(self._path), compression="zstd")
        except duckdb.IOException as error:
            with suppress(OSError):
                self._path.open("ab").close()
            reason = " ".join(str(error).split())
            raise UsageError("Cannot write the answer.", f"{reason}.", "Check the path of -o.") from error

    def _write(self, lines: Any) -> None:  # noqa: ANN401 - an iterable of texts
        try:
            for line in lines:
                self._stream.write(line + "\n")
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: OSError) -> Exception:
        if isinstance(error, BrokenPipeError) or self._path is None:
            return error
        return InputUnreadable.of(self._path, error, "write the answer")


class _Lines:
    """What the csv module writes to."""

    def __init__(self, write: Any) -> None:  # noqa: ANN401
        self._write = write

    def write(self, line: str) -> None:
        self._write([line])


def _batches(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    for batch in relation.to_arrow_reader(_AT_ONCE):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _cell(value: object, how: Shown) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int):
        return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in str(value))
    return f"{value:#x}" if how is Shown.HEX else f"{value:,}"
