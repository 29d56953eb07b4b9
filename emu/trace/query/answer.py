"""An answer: a sentence, facts, and rows that are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import duckdb

from emu.trace.query.database import Database, Hits
from emu.trace.query.views import Column

if TYPE_CHECKING:
    import pyarrow as pa

Fact: TypeAlias = str | int | bool | None
RowsQuery: TypeAlias = Callable[[int | None], str]
"""A query for at most that many rows, None for all."""


@dataclass
class Answer:
    """`lead` says it in one sentence, `facts` by name. `count` rows say more; `columns` tell how they are shown. `notes`
    say what the trace cannot know.

    Rows come from the trace's file: the trace must be open still.
    """

    question: str
    lead: str
    facts: Mapping[str, Fact]
    columns: Sequence[Column]
    count: int
    query: RowsQuery = field(repr=False)
    notes: Sequence[str]
    database: Database = field(repr=False)
    kept: Sequence[Hits] = field(default=(), repr=False)

    def relation(self, limit: int | None = None) -> duckdb.DuckDBPyRelation:
        """The rows, at most `limit` of them, lazily. Raises LoadError where the file is damaged."""
        return self.database.relation(self.query(limit))

    def table(self, limit: int | None = None) -> pa.Table:
        return self.relation(limit).to_arrow_table()

    def rows(self, limit: int | None = None) -> list[tuple[Fact, ...]]:
        return self.database.fetch(self.query(limit))

    def close(self) -> None:
        """Forget the rows that were found."""
        for hits in self.kept:
            self.database.drop(hits)
