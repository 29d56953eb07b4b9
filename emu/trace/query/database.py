"""A trace file in DuckDB: the views, and rows found by conditions.

Theory: most of the cost of a question is decoding columns. So rows are first found by the one or two columns that
decide, as numbers of rows; the other columns are read afterwards, of the rows that are shown, which DuckDB finds by
number. The number of an instruction becomes a number of a row too, since `insn` never falls, and what lies outside costs
nothing. An Arrow file has no numbers of rows: there everything is found at once.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from emu.errors import LoadError
from emu.trace.query.header import Format, Header
from emu.trace.query.views import insns_sql, quoted, views

SOURCE: Final = "recorded"
_STEP: Final = 1 << 20
_FEW: Final = 1 << 12
"""Rows that are quicker read by their numbers than found again."""
_OURS: Final = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
_SETTINGS: Final = {
    "python_enable_replacements": False,  # a Python variable is no table
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows that were found, in the order of the file: `table` has them. `where` finds them again."""

    table: str
    count: int
    where: str


class Database:
    """The connection, with the views of `header`'s file. Raises LoadError where the file is damaged."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.views = views(header)
        self.numbered = header.format is Format.PARQUET
        self._names = (f"hits{number}" for number in count(1))
        settings: dict[str, Any] = _SETTINGS | {"temp_directory": tempfile.gettempdir() + "/axemu-query"}
        self.connection = duckdb.connect(":memory:", config=settings)
        self._open()
        if header.by_block:
            self._blocks()
        for view in self.views.values():
            self.connection.execute(f"CREATE VIEW {view.name} AS {view.sql(SOURCE)}")
        self.connection.execute(f"CREATE VIEW insns AS {insns_sql(header, SOURCE)}")

    def close(self) -> None:
        self.connection.close()

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query of our own."""
        try:
            return self.connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise self._damaged(error) from error

    def fetch_one(self, sql: str) -> tuple[Any, ...]:
        return self.fetch(sql)[0]

    def keep(self, sql: str) -> Hits:
        """The rows of any query, kept as they are now; they cannot be found again."""
        table = next(self._names)
        self.fetch(f"CREATE TEMP TABLE {table} AS {sql}")
        return Hits(table, self.fetch_one(f"SELECT count(*) FROM {table}")[0], "false")

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """A query of our own, not run yet."""
        try:
            return self.connection.sql(sql)
        except duckdb.Error as error:
            raise self._damaged(error) from error

    def find(self, where: str) -> Hits:
        """Every row with `where`, which is a condition over the file's columns."""
        table = next(self._names)
        kept = "row" if self.numbered else "*"
        self.fetch(f"CREATE TEMP TABLE {table} AS SELECT {kept} FROM {SOURCE} WHERE {where}")
        return Hits(table, self.fetch_one(f"SELECT count(*) FROM {table}")[0], where)

    def find_first(self, where: str) -> Hits:
        table = next(self._names)
        kept = "row" if self.numbered else "*"
        self.fetch(f"CREATE TEMP TABLE {table} AS SELECT {kept} FROM {SOURCE} WHERE {where} LIMIT 1")
        return Hits(table, self.fetch_one(f"SELECT count(*) FROM {table}")[0], where)

    def find_last(self, where: str, end: int | None = None) -> Hits:
        """The last row; `end` is the first instruction number that is too late. Looks back, in growing steps."""
        if not self.numbered:
            within = f" AND insn < {end}" if end is not None else ""
            every = self.find(where + within)
            self.fetch(f"DELETE FROM {every.table} WHERE rowid < {every.count - 1}")
            return Hits(every.table, min(every.count, 1), where)
        high = self.row_of(end) if end is not None else self.rows
        step, found = _STEP, None
        while high > 0 and found is None:
            low = max(high - step, 0)
            query = f"SELECT max(row) FROM {SOURCE} WHERE row >= {low} AND row < {high} AND {where}"
            found = self.fetch_one(query)[0]
            high, step = low, step * 4
        table = next(self._names)
        last = f"row = {found}" if found is not None else "false"
        self.fetch(f"CREATE TEMP TABLE {table} AS SELECT row FROM {SOURCE} WHERE {last}")
        return Hits(table, int(found is not None), last)

    def rows_of(self, hits: Hits, limit: int | None, columns: str = "*") -> str:
        """A query for the first `limit` rows of them, None for all, in order."""
        if not self.numbered:
            return f"SELECT {columns} FROM {hits.table}" + (f" LIMIT {limit}" if limit is not None else "")
        if (limit is None or limit >= hits.count) and hits.count > _FEW:
            return f"SELECT {columns} FROM {SOURCE} WHERE {hits.where}"
        chosen = f"SELECT row FROM {hits.table}" + (f" LIMIT {limit}" if limit is not None else "")
        return f"SELECT {columns} FROM {SOURCE} WHERE row IN ({chosen}) ORDER BY row"

    def joined(self, parts: Sequence[Hits]) -> Hits:
        """All of them, each row once."""
        if not parts:
            return self.find_first("false")
        table = next(self._names)
        every = " UNION ".join(f"SELECT * FROM {part.table}" for part in parts)
        order = "row" if self.numbered else "insn"
        self.fetch(f"CREATE TEMP TABLE {table} AS SELECT * FROM ({every}) ORDER BY {order}")
        where = " OR ".join(f"({part.where})" for part in parts)
        return Hits(table, self.fetch_one(f"SELECT count(*) FROM {table}")[0], where)

    def bounds(self, hits: Hits) -> tuple[int, int] | None:
        """Instruction numbers of the first and the last of them."""
        if not hits.count:
            return None
        if not self.numbered:
            low, high = self.fetch_one(f"SELECT min(insn), max(insn) FROM {hits.table}")
            return low, high
        ends = f"SELECT unnest([min(row), max(row)]) FROM {hits.table}"
        low, high = self.fetch_one(f"SELECT min(insn), max(insn) FROM {SOURCE} WHERE row IN ({ends})")
        return low, high

    def drop(self, hits: Hits) -> None:
        self.fetch(f"DROP TABLE IF EXISTS {hits.table}")

    def span(self, first: int | None, last: int | None) -> list[str]:
        """Conditions for rows of instructions `first` to `last`."""
        found = []
        if first is not None:
            found.append(f"row >= {self.row_of(first)}" if self.numbered else f"insn >= {first}")
        if last is not None:
            found.append(f"row < {self.row_of(last + 1)}" if self.numbered else f"insn <= {last}")
        return found

    def row_of(self, insn: int) -> int:
        """The first row of instruction `insn` or a later one."""
        found = self.fetch(f"SELECT row FROM {SOURCE} WHERE insn >= {min(insn, (1 << 64) - 1)} LIMIT 1")
        return int(found[0][0]) if found else self.rows

    @property
    def rows(self) -> int:
        return int(self.fetch_one(f"SELECT count(*) FROM {SOURCE}")[0])

    def _open(self) -> None:
        path = self.header.path
        if self.numbered:
            plain = re.sub(r"[*?\[]", r"[\g<0>]", str(path))  # DuckDB takes a name for a pattern
            sql = f"read_parquet({quoted(plain)}, file_row_number = true)"
            self.fetch(
                f"CREATE VIEW {SOURCE} AS SELECT * EXCLUDE file_row_number, file_row_number AS row FROM {sql}"
            )
            return
        import pyarrow.dataset as ds  # noqa: PLC0415 - it is big, and only for these files

        self.connection.register("arrow_file", ds.dataset(path, format="ipc"))
        self.fetch(f"CREATE VIEW {SOURCE} AS SELECT * FROM arrow_file")

    def _blocks(self) -> None:
        """The table `blocks`: for each its instructions in order, as (number, offset, size, code, code_high)."""
        try:
            table = pa.ipc.open_stream(self.header.blocks).read_all()
            steps = [
                _steps(size, offsets, code)
                for size, offsets, code in zip(
                    table["size"].to_pylist(),
                    table["offsets"].to_pylist(),
                    table["code"].to_pylist(),
                    strict=True,
                )
            ]
        except (pa.ArrowException, KeyError, OSError, TypeError) as error:
            raise self._damaged(error) from error
        kind = pa.struct(
            [
                ("number", pa.uint64()),
                ("offset", pa.uint64()),
                ("size", pa.uint16()),
                ("code", pa.uint64()),
                ("code_high", pa.uint64()),
            ]
        )
        numbers = pa.array(np.arange(len(steps), dtype=np.uint64))
        blocks = pa.table(
            {
                "block": numbers,
                "start": table["pc"].cast(pa.uint64()),
                "bytes": table["size"].cast(pa.uint64()),
                "steps": pa.array(steps, pa.list_(kind)),
            }
        )
        self.connection.register("arrow_blocks", blocks)
        self.fetch("CREATE TABLE blocks AS SELECT * FROM arrow_blocks")
        self.connection.unregister("arrow_blocks")

    def _damaged(self, error: Exception) -> Exception:
        """What to raise: a query that cannot be one is a fault of ours, not of the file."""
        if isinstance(error, _OURS):
            return error
        reason = " ".join(str(error).split())[:200]
        return LoadError(
            self.header.path, "a whole trace", f"a damaged one ({reason})", "Copy or record it again"
        )


def _steps(size: int, offsets: list[int], code: bytes) -> list[dict[str, int]]:
    ends = [*offsets[1:], size]
    return [
        {
            "number": number,
            "offset": low,
            "size": high - low,
            "code": int.from_bytes(code[low : min(high, low + 8)], "little"),
            "code_high": int.from_bytes(code[low + 8 : high], "little") if high > low + 8 else 0,
        }
        for number, (low, high) in enumerate(zip(offsets, ends, strict=True))
    ]
