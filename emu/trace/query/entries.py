"""The rows where a piece of code begins to be executed."""

from __future__ import annotations

from typing import Final

from emu.trace.query.context import Context
from emu.trace.query.database import SOURCE, Hits
from emu.trace.query.names import Code
from emu.trace.query.question import Clauses
from emu.trace.query.views import BLOCK, INSN, READ, REG, numbers_in

_BEHIND: Final = 64
"""Rows between an instruction's and the one before it, at most: its accesses, registers, an interrupt."""
_BEHIND_BLOCK: Final = 1 << 12
"""Likewise, between those of blocks whose instructions have rows."""
_MOST: Final = (1 << 62) - 1
"""No instruction has a larger number."""
_STEPS: Final = (
    "SELECT block, step.number AS number, start + step.offset AS pc "
    "FROM (SELECT block, start, unnest(steps) AS step FROM blocks)"
)
_FEW: Final = 1 << 15
"""Entries for which only the rows before them are read."""


class Entries:
    """The rows where the first instruction of `code` is executed. In a file of blocks that is a block which has it, and
    which ran far enough."""

    def __init__(self, context: Context, code: Code, clauses: Clauses) -> None:
        self.context, self.code, self.database = context, code, context.database
        self.by_block = context.header.by_block
        self.clauses, self.conditions = clauses, context.conditions(clauses, None, blocks=self.by_block)
        self.kept: list[Hits] = []
        self.places: dict[int, tuple[int, int]] = {}
        if self.by_block:
            rows = self.database.fetch(
                f"SELECT block, number, pc FROM ({_STEPS}) WHERE {numbers_in('pc', code.entries)} ORDER BY block"
            )
            self.places = {block: (number, pc) for block, number, pc in rows}

    @property
    def condition(self) -> str:
        where = self.context.where
        if not self.by_block:
            return where(f"kind = {INSN}", numbers_in("pc", self.code.entries), *self.conditions)
        by_number: dict[int, list[int]] = {}
        for block, (number, _) in self.places.items():
            by_number.setdefault(number, []).append(block)
        several = [
            f"({numbers_in('address', blocks)} AND value > {number})" for number, blocks in by_number.items()
        ]
        exact = f"insn + {self.number} BETWEEN {self.first} AND {self.last}"
        return where(f"kind = {BLOCK}", f"({' OR '.join(several) or 'false'})", exact, *self.conditions)

    @property
    def first(self) -> int:
        return self.clauses.first or 0

    @property
    def last(self) -> int:
        return _MOST if self.clauses.last is None else self.clauses.last

    @property
    def number(self) -> str:
        """The instruction's number within its row."""
        return self._by_place(0)

    @property
    def pc(self) -> str:
        return self._by_place(1) if self.by_block else "pc"

    def bounds(self, hits: Hits) -> tuple[int, int] | None:
        found = self.database.bounds(hits)
        if found is None or not self.by_block or all(not number for number, _ in self.places.values()):
            return found
        rows = self.database.rows_of(hits, None, f"insn + {self.number} AS insn")
        low, high = self.database.fetch_one(f"SELECT min(insn), max(insn) FROM ({rows})")
        return low, high

    def within(self) -> tuple[int, int, int]:
        """How many instructions of the code were executed, the first and the last one's number."""
        if not self.by_block:
            where = self.context.where(f"kind = {INSN}", self.code.condition, *self.conditions)
            query = f"SELECT count(*), min(insn), max(insn) FROM {SOURCE} WHERE {where}"
        else:
            inside = (
                f"SELECT block, min(number)::BIGINT AS low, max(number)::BIGINT + 1 AS high FROM ({_STEPS}) "
                f"WHERE {self.code.condition} GROUP BY block"
            )
            ran = (
                f"SELECT greatest(insn::BIGINT + low, {self.first}::BIGINT) AS first, "
                f"least(insn::BIGINT + least(value::BIGINT, high), {min(self.last, _MOST) + 1}::BIGINT) AS stop "
                f"FROM {SOURCE} JOIN ({inside}) ON address = block "
                f"WHERE {self.context.where(f'kind = {BLOCK}', *self.conditions)}"
            )
            query = f"SELECT sum(stop - first), min(first), max(stop) - 1 FROM ({ran}) WHERE stop > first"
        count, first, last = self.database.fetch_one(query)
        return int(count or 0), first or 0, last or 0

    def came_from(self, hits: Hits, limit: int | None) -> str:
        """(insn, vcpu, pc, from_pc): each entry, and the instruction of the same vCPU before it."""
        database = self.database
        entries = (
            f"insn + {self.number} AS insn, vcpu, {self.pc} AS pc, {self.number} AS step, address AS block"
        )
        place = "row" if database.numbered else "insn AS row"
        found = database.keep(database.rows_of(hits, limit, f"{entries}, {place}"))
        before = f"kind = {BLOCK if self.by_block else INSN}"
        self.kept = [found]
        detailed = self.by_block and (self.context.records(REG) or self.context.records(READ))
        behind = _BEHIND_BLOCK if detailed else _BEHIND
        if database.numbered and found.count * behind <= _FEW * _BEHIND:
            near = f"range(greatest(row::BIGINT - {behind}, 0), row::BIGINT)"
            rows = database.keep(f"SELECT DISTINCT unnest({near}) AS row FROM {found.table}")
            self.kept.append(rows)
            before += f" AND row IN (SELECT row FROM {rows.table})"
        length, from_pc, joins = "1", "before.pc", ""
        if self.by_block:
            length = "value"
            from_pc = (
                "CASE WHEN entries.step > 0 THEN own.start + own.steps[entries.step::BIGINT].offset "
                "ELSE before.pc + other.steps[before.value::BIGINT].offset END"
            )
            joins = (
                " AND entries.step = 0 LEFT JOIN blocks AS own ON own.block = entries.block "
                "LEFT JOIN blocks AS other ON other.block = before.address"
            )
        return (
            f"SELECT entries.insn AS insn, entries.vcpu AS vcpu, entries.pc AS pc, {from_pc} AS from_pc "
            f"FROM {found.table} AS entries LEFT JOIN "
            f"(SELECT insn + {length} AS next, vcpu, pc, address, value FROM {SOURCE} WHERE {before}) AS before "
            f"ON before.next = entries.insn AND before.vcpu = entries.vcpu{joins} ORDER BY entries.row"
        )

    def _by_place(self, which: int) -> str:
        """`which` of `places` by the block of a row."""
        if not self.places:
            return "0"
        values = {place[which] for place in self.places.values()}
        if len(values) == 1:
            return f"{values.pop()}::UBIGINT"
        cases = " ".join(f"WHEN {block} THEN {place[which]}" for block, place in self.places.items())
        return f"(CASE address {cases} END)::UBIGINT"
