"""When code was executed, and from where it was entered."""

from __future__ import annotations

from emu.trace.query.answer import Answer, Fact
from emu.trace.query.context import Context
from emu.trace.query.database import SOURCE
from emu.trace.query.entries import Entries
from emu.trace.query.errors import BadQuestion, NotRecorded
from emu.trace.query.names import Code
from emu.trace.query.question import Calls, Executed, Which
from emu.trace.query.texts import after, count_of, times
from emu.trace.query.views import BRANCH, INSN, Column, Shown, numbers_in

_ENTERED = (Column("insn", "insn"), Column("vcpu", "vcpu"), Column("pc", "pc", Shown.HEX))
_CALLED = (
    Column("calls", "calls"),
    Column("first", "first"),
    Column("last", "last"),
    Column("from_pc", "from_pc", Shown.HEX),
)


def executed(context: Context, question: Executed, text: str) -> Answer:
    code = context.names.code(question.function)
    if not context.records(INSN):
        return _by_branches(context, question, code, text)
    database = context.database
    entries = Entries(context, code, question.clauses)
    match question.which:
        case Which.ALL:
            hits = database.find(entries.condition)
        case Which.FIRST:
            hits = database.find_first(entries.condition)
        case Which.LAST:
            hits = database.find_last(entries.condition)
    bounds = entries.bounds(hits)
    facts: dict[str, Fact] = {"function": code.label, "address": code.entries[0], "count": hits.count}
    lead = _lead(code, question.which, hits.count, bounds)
    if bounds is not None:
        facts |= {"first": bounds[0], "last": bounds[1]}
    if question.which is Which.ALL and any(high - low > 1 for low, high in code.parts):
        ran, low, high = entries.within()
        facts |= {"instructions": ran}
        if ran:
            lead += f" {count_of(ran, 'instruction')} of it ran, from {low:,} to {high:,}."

    def query(limit: int | None) -> str:
        for old in entries.kept:
            database.drop(old)
        return context.decorated(entries.came_from(hits, limit), pc="from_pc", prefix="from_")

    columns = (
        *_ENTERED,
        Column("from_pc", "from_pc", Shown.HEX),
        *context.names_of_pc("from_"),
    )
    return Answer(text, lead, facts, columns, hits.count, query, context.notes(), database, (hits,))


def calls(context: Context, question: Calls, text: str) -> Answer:
    code = context.names.code(question.function)
    database = context.database
    notes = context.notes()
    if context.records(BRANCH):
        conditions = context.conditions(question.clauses, None)
        branch = context.where(f"kind = {BRANCH}", numbers_in("address", code.entries), *conditions)
        entered = f"SELECT pc AS from_pc, insn FROM {SOURCE} WHERE {branch}"
        hits = None
    elif context.records(INSN) and question.clauses.function is None:
        entries = Entries(context, code, question.clauses)
        hits = database.find(entries.condition)
        entered = f"SELECT from_pc, insn - 1 AS insn FROM ({entries.came_from(hits, None)}) WHERE from_pc IS NOT NULL"
        notes.append("branches were not recorded: these are the instructions before the first one of it")
    else:
        raise NotRecorded("branches", context.header.record)
    table = database.keep(
        "SELECT count(*) AS calls, min(insn) AS first, max(insn) AS last, from_pc "
        f"FROM ({entered}) GROUP BY from_pc ORDER BY calls DESC, from_pc"
    )
    total, places, first, last = database.fetch_one(
        f"SELECT sum(calls), count(*), min(first), max(last) FROM {table.table}"
    )
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
        raise BadQuestion(
            text, "first and last need the instructions, and only branches were recorded", "Leave it out"
        )
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
