"""A trace file, opened to be asked."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, assert_never

import duckdb
import pyarrow as pa

from emu.trace.query import executed, listing, memory, registers
from emu.trace.query.answer import Answer
from emu.trace.query.context import Context
from emu.trace.query.database import Database
from emu.trace.query.errors import BadSql
from emu.trace.query.functions import add_functions
from emu.trace.query.guestfiles import Guest, sources_of
from emu.trace.query.header import Header, read_header
from emu.trace.query.names import Names
from emu.trace.query.question import (
    Accesses,
    Calls,
    Executed,
    Happened,
    History,
    Listed,
    Question,
    Summary,
    ValueAt,
    parse,
)
from emu.trace.query.rowtext import row_text
from emu.trace.query.summary import summary

_TOKEN: Final = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|(?<![\w.])(?P<hex>0[xX][0-9a-fA-F]+)(?!\w)""",
    re.DOTALL,
)


class Trace:
    """What a run did, by questions and by SQL. A context manager.

    `symbols` are more files with names, as "FILE" or "FILE@BASE": ELF programs or symbol maps; `warnings` says which
    of them are not what was recorded. Raises LoadError for what is no trace or not a whole one, and for symbol files.
    """

    def __init__(self, path: str | os.PathLike[str], symbols: Sequence[str] = ()) -> None:
        self.header: Header = read_header(Path(path))
        found: Guest = sources_of(self.header, symbols)
        self.warnings = found.warnings
        self.names = Names(self.header, found.sources)
        self._database = Database(self.header)
        self._context = Context(self._database, self.names)
        connection = self._database.connection
        add_functions(connection, self.names)
        kinds = ["UTINYINT", "UBIGINT", "UBIGINT", "UBIGINT", "UBIGINT", "USMALLINT"]
        create: Any = connection.create_function
        create("text_at", partial(row_text, self.names), kinds, "VARCHAR")
        self._add_symbols()

    def ask(self, question: str | Question) -> Answer:
        """Raises BadQuestion, NotRecorded, and LoadError where the file is damaged."""
        asked = parse(question) if isinstance(question, str) else question
        text = " ".join(question.split()) if isinstance(question, str) else repr(question)
        context = self._context
        match asked:
            case Accesses():
                return memory.accesses(context, asked, text)
            case ValueAt():
                if registers.is_register(context, asked.target):
                    return registers.value_of(context, asked, text)
                return memory.value_at(context, asked, text)
            case Executed():
                return executed.executed(context, asked, text)
            case Calls():
                return executed.calls(context, asked, text)
            case History():
                return registers.history(context, asked, text)
            case Happened():
                return listing.happened(context, asked, text)
            case Listed():
                return listing.listed(context, asked, text)
            case Summary():
                return summary(context, text)
            case _:
                assert_never(asked)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """A query in DuckDB's SQL, run when its rows are asked for. Numbers may be 0x-prefixed. Raises BadSql."""
        try:
            found = self._database.connection.sql(with_decimals(query))
        except duckdb.Error as error:
            raise BadSql.of(query, error) from error
        if found is None:
            raise BadSql(query, "it gives no rows", "Expected a query, such as SELECT * FROM exits")
        return found

    def table(self, query: str) -> pa.Table:
        """The rows of a query, as Arrow has them."""
        try:
            return self.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise BadSql.of(query, error) from error

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_symbols(self) -> None:
        """The tables `symbols` and `functions`."""
        rows = self.header.fields["symbols"]
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        kinds = (pa.string(), pa.uint64(), pa.uint64())
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        connection = self._database.connection
        connection.register("symbols", pa.table(arrays, names=["name", "address", "size"]))
        connection.execute(
            "CREATE VIEW functions AS SELECT function_at(pc) AS name, sum(n)::UBIGINT AS instructions "
            "FROM (SELECT pc, count(*) AS n FROM insns GROUP BY pc) GROUP BY ALL ORDER BY instructions DESC, name"
        )


def with_decimals(query: str) -> str:
    """0x-prefixed numbers, which DuckDB does not read, in decimal; not within texts and comments."""
    return _TOKEN.sub(lambda match: str(int(match["hex"], 16)) if match["hex"] else match[0], query)
