"""When code was executed, and from where it was entered."""

from __future__ import annotations

from emu.trace.query.answer import Answer, Fact
from emu.trace.query.context import Context
from emu.trace.query.database import SOURCE, Hits
from emu.trace.query.errors import BadQuestion, NotRecorded
from emu.trace.query.names import Code
from emu.trace.query.question import Calls, Executed, Which
from emu.trace.query.texts import after, count_of, times
from emu.trace.query.views import BLOCK, BRANCH, INSN, Column, Shown, numbers_in

_ENTERED = (Column("insn", "insn"), Column("vcpu", "vcpu"), Column("pc", "pc", Shown.HEX))
_CALLED = (
    Column("calls", "calls"),
    Column("first", "first"),
    Column("last", "last"),
    Column("from_pc", "from_pc", Shown.HEX),
)
_BEHIND = 64
"""Rows between an instruction's and the one before it, at most: its accesses, registers, an interrupt."""


def executed(context: Context, question: Executed, text: str) -> Answer:
    code = context.names.code(question.function)
    if not context.records(INSN):
        return _by_branches(context, question, code, text)
    database = context.database
    entries = _Entries(context, code)
    conditions = context.conditions(question.clauses, None)
    where = context.where(entries.condition, *conditions)
    match question.which:
        case Which.ALL:
            hits = database.find(where)
        case Which.FIRST:
            hits = database.find_first(where)
        case Which.LAST:
            hits = database.find_last(where)
    bounds = entries.bounds(hits)
    facts: dict[str, Fact] = {"function": code.label, "address": code.entries[0], "count": hits.count}
    lead = _lead(code, question.which, hits.count, bounds)
    if bounds is not None:
        facts |= {"first": bounds[0], "last": bounds[1]}
    if question.which is Which.ALL and code.high - code.low > 1:
        ran, low, high = entries.within(conditions)
        facts |= {"instructions": ran}
        if ran:
            lead += f" {count_of(ran, 'instruction')} of it ran, from {low:,} to {high:,}."

    def query(limit: int | None) -> str:
        return entries.came_from(hits, limit)

    columns = (
        *_ENTERED,
        Column("from_pc", "from_pc", Shown.HEX),
        *context.names_of_pc("from_"),
    )
    return Answer(text, lead, facts, columns, hits.count, query, context.notes(), database, (hits,))


def calls(context: Context, question: Calls, text: str) -> Answer:
    code = context.names.code(question.function)
    database = context.database
    conditions = context.conditions(question.clauses, None)
    notes = context.notes()
    if context.records(BRANCH):
        branch = context.where(f"kind = {BRANCH}", numbers_in("address", code.entries), *conditions)
        entered = f"SELECT pc AS from_pc, insn FROM {SOURCE} WHERE {branch}"
        hits = None
    elif context.records(INSN):
        entries = _Entries(context, code)
        hits = database.find(context.where(entries.condition, *conditions))
        entered = f"SELECT from_pc, insn - 1 AS insn FROM ({entries.came_from(hits, None)}) WHERE from_pc IS NOT NULL"
        notes.append("branches were not recorded: these are the instructions before the first one of it")
    else:
        raise NotRecorded("branches", context.header.record)
    table = database.keep(
        "SELECT count(*) AS calls, min(insn) AS first, max(insn) AS last, from_pc "
        f"FROM ({entered}) GROUP BY from_pc ORDER BY calls DESC, from_pc"
    )
    total, places, first, last = database.fetch_one(f"SELECT sum(calls), count(*), min(first), max(last) FROM {table.table}")
    facts: dict[str, Fact] = {"function": code.label, "address": code.entries[0], "count": int(total or 0)}
    if total:
        facts |= {"first": first, "last": last}
        lead = f"{code} was branched to {times(int(total))} from {count_of(places, 'place')}: {after(first, last)}."
    else:
        lead = f"{code} was not branched to."

    def query(limit: int | None) -> str:
        rows = f"SELECT * FROM {table.table}" + (f" LIMIT {limit}" if limit is not None else "")
        return context.decorated(rows, pc="from_pc", prefix="from_")

    kept = (table,) if hits is None else (table, hits)
    columns = (*_CALLED, *context.names_of_pc("from_"))
    return Answer(text, lead, facts, columns, table.count, query, notes, database, kept)


def _by_branches(context: Context, question: Executed, code: Code, text: str) -> Answer:
    """Where instructions were not recorded: the branches to it."""
    if not context.records(BRANCH):
        raise NotRecorded("insns", context.header.record)
    if question.which is not Which.ALL:
        raise BadQuestion(text, "first and last need the instructions, and only branches were recorded", "Leave it out")
    database = context.database
    where = context.where(
        f"kind = {BRANCH}", numbers_in("address", code.entries), *context.conditions(question.clauses, None)
    )
    hits = database.find(where)
    bounds = database.bounds(hits)
    facts: dict[str, Fact] = {"function": code.label, "address": code.entries[0], "count": hits.count}
    if bounds is not None:
        bounds = bounds[0] + 1, bounds[1] + 1
        facts |= {"first": bounds[0], "last": bounds[1]}

    def query(limit: int | None) -> str:
        rows = database.rows_of(hits, limit, "insn + 1 AS insn, vcpu, address AS pc, pc AS from_pc")
        return context.decorated(rows, pc="from_pc", prefix="from_")

    columns = (*_ENTERED, Column("from_pc", "from_pc", Shown.HEX), *context.names_of_pc("from_"))
    notes = [*context.notes(), "instructions were not recorded: only taken branches to it are counted"]
    lead = _lead(code, Which.ALL, hits.count, bounds)
    return Answer(text, lead, facts, columns, hits.count, query, notes, database, (hits,))


def _lead(code: Code, which: Which, count: int, bounds: tuple[int, int] | None) -> str:
    if bounds is None:
        return f"{code} was not entered."
    if which is Which.ALL:
        return f"{code} was entered {times(count)}: {after(*bounds)}."
    return f"{code} was {which.value} entered by instruction {bounds[0]:,}."


class _Entries:
    """The rows where the first instruction of `code` is executed. In a file of blocks that is a block which has it, and
    which ran far enough."""

    def __init__(self, context: Context, code: Code) -> None:
        self.context, self.code, self.database = context, code, context.database
        self.by_block = context.header.by_block
        self.places: dict[int, tuple[int, int]] = {}
        if self.by_block:
            rows = self.database.fetch(
                "SELECT block, step.number, start + step.offset FROM (SELECT block, start, unnest(steps) AS step FROM blocks) "
                f"WHERE {numbers_in('start + step.offset', code.entries)} ORDER BY block"
            )
            self.places = {block: (number, pc) for block, number, pc in rows}

    @property
    def condition(self) -> str:
        if not self.by_block:
            return f"kind = {INSN} AND {numbers_in('pc', self.code.entries)}"
        by_number: dict[int, list[int]] = {}
        for block, (number, _) in self.places.items():
            by_number.setdefault(number, []).append(block)
        several = [
            f"({numbers_in('address', blocks)} AND value > {number})" for number, blocks in by_number.items()
        ]
        return f"kind = {BLOCK} AND ({' OR '.join(several) or 'false'})"

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

    def within(self, conditions: list[str]) -> tuple[int, int, int]:
        """How many instructions of the code were executed, the first and the last one's number."""
        low, high = self.code.low, self.code.high
        if not self.by_block:
            where = self.context.where(f"kind = {INSN}", f"pc BETWEEN {low} AND {high - 1}", *conditions)
            count, first, last = self.database.fetch_one(f"SELECT count(*), min(insn), max(insn) FROM {SOURCE} WHERE {where}")
            return count, first or 0, last or 0
        where = self.context.where(f"kind = {BLOCK}", *conditions)
        inside = (
            f"SELECT insn, list_filter(steps[1:value], lambda step: start + step.offset BETWEEN {low} AND {high - 1}) AS ran "
            f"FROM {SOURCE} JOIN blocks ON address = block WHERE {where}"
        )
        count, first, last = self.database.fetch_one(
            "SELECT sum(len(ran)), min(insn + ran[1].number), max(insn + ran[-1].number) "
            f"FROM ({inside}) WHERE len(ran) > 0"
        )
        return int(count or 0), first or 0, last or 0

    def came_from(self, hits: Hits, limit: int | None) -> str:
        """(insn, vcpu, pc, from_pc and its names): each entry, and the instruction of the same vCPU before it."""
        numbered = self.database.numbered
        columns = f"insn + {self.number} AS insn, vcpu, {self.pc} AS pc, {self.number} AS step, address AS block"
        entries = self.database.rows_of(hits, limit, columns + (", row" if numbered else ""))
        kind = BLOCK if self.by_block else INSN
        near = f"kind = {kind}"
        if limit is not None and numbered:
            near += f" AND row IN (SELECT unnest(range(greatest(row::BIGINT - {_BEHIND}, 0), row::BIGINT)) FROM entries)"
        length = "value" if self.by_block else "1"
        before = f"SELECT insn + {length} AS next, vcpu, pc, address, value FROM {SOURCE} WHERE {near}"
        order = "entries.row" if numbered else "entries.insn"
        from_pc = "before.pc"
        if self.by_block:
            from_pc = (
                "CASE WHEN entries.step > 0 THEN own.start + own.steps[entries.step].offset "
                "ELSE before.pc + other.steps[before.value].offset END"
            )
        joins = (
            f"LEFT JOIN before ON before.next = entries.insn AND before.vcpu = entries.vcpu"
            + (
                " AND entries.step = 0 LEFT JOIN blocks AS own ON own.block = entries.block "
                "LEFT JOIN blocks AS other ON other.block = before.address"
                if self.by_block
                else ""
            )
        )
        rows = (
            f"WITH entries AS ({entries}), before AS ({before}) "
            f"SELECT entries.insn AS insn, entries.vcpu AS vcpu, entries.pc AS pc, {from_pc} AS from_pc "
            f"FROM entries {joins} ORDER BY {order}"
        )
        return self.context.decorated(rows, pc="from_pc", prefix="from_")

    def _by_place(self, which: int) -> str:
        """`which` of `places` by the block of a row."""
        if not self.places:
            return "0"
        values = {place[which] for place in self.places.values()}
        if len(values) == 1:
            return f"{values.pop()}::UBIGINT"
        cases = " ".join(f"WHEN {block} THEN {place[which]}" for block, place in self.places.items())
        return f"(CASE address {cases} END)::UBIGINT"
