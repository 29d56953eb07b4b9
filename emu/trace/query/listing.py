"""Rows as they are: exits, interrupts, what happened around an instruction."""

from __future__ import annotations

from typing import Final

from emu.trace.query.answer import Answer, Fact
from emu.trace.query.context import LONGEST, Context
from emu.trace.query.database import SOURCE
from emu.trace.query.question import Happened, Listed
from emu.trace.query.texts import after, count_of
from emu.trace.query.views import BLOCK, INSN, Column, Shown, insns_sql

_ONE: Final = {"exits": "VM exit", "interrupts": "interrupt", "exceptions": "exception", "calls": "call"}
_HAPPENED: Final = (
    Column("insn", "insn"),
    Column("vcpu", "vcpu"),
    Column("kind", "kind", Shown.TEXT),
    Column("pc", "pc", Shown.HEX),
    Column("text", "text", Shown.TEXT),
)
_KEPT: Final = "insn, vcpu, kind, pc, address, value, size, what, place"


def listed(context: Context, question: Listed, text: str) -> Answer:
    database = context.database
    view = database.views[question.view]
    context.require(view.kinds[0])
    conditions = context.conditions(question.clauses, view)
    hits = database.find(context.where(view.condition, *conditions))
    bounds = database.bounds(hits)
    facts: dict[str, Fact] = {"count": hits.count}
    what = count_of(hits.count, _ONE[view.name])
    if bounds is None:
        lead = f"No {_ONE[view.name]}" + (" is so." if question.clauses.conditions else " in this trace.")
    else:
        facts |= {"first": bounds[0], "last": bounds[1]}
        lead = f"{what}: {after(*bounds)}."

    def query(limit: int | None) -> str:
        return context.decorated(f"SELECT {view.select} FROM ({database.rows_of(hits, limit)})")

    columns = (*view.columns, *context.names_of_pc())
    return Answer(text, lead, facts, columns, hits.count, query, context.notes(), database, (hits,))


def happened(context: Context, question: Happened, text: str) -> Answer:
    database, header = context.database, context.header
    low, high = max(question.at - question.around, 0), question.at + question.around
    vcpu = f" AND vcpu = {question.clauses.vcpu}" if question.clauses.vcpu is not None else ""
    place = "row" if database.numbered else "row_number() OVER ()"
    reach = " AND ".join(database.span(max(low - LONGEST, 0) if header.by_block else low, high))
    source = f"(SELECT *, {place} AS place FROM {SOURCE} WHERE {reach}{vcpu})"
    every = f"SELECT {_KEPT} FROM {source} WHERE insn >= {low}"
    if header.by_block:
        blocks = insns_sql(header, source, "place")
        every += (
            f" AND kind <> {BLOCK} UNION ALL "
            f"SELECT insn, vcpu, {INSN}::UTINYINT AS kind, pc, code_high AS address, code AS value, "
            f"size::USMALLINT AS size, 0::USMALLINT AS what, place FROM ({blocks}) "
            f"WHERE insn BETWEEN {low} AND {high}"
        )
    table = database.keep(every + " ORDER BY insn, place, kind")
    facts: dict[str, Fact] = {"at": question.at, "from": low, "to": high, "count": table.count}
    there = database.fetch_one(f"SELECT count(*) FROM {table.table} WHERE insn = {question.at}")[0]
    if there:
        lead = f"Around instruction {question.at:,}: {count_of(table.count, 'row')}."
    elif table.count:
        lead = (
            f"Nothing of instruction {question.at:,} was recorded; {count_of(table.count, 'row')} around it."
        )
    else:
        last = database.fetch_one(f"SELECT max(insn) FROM {SOURCE}")[0]
        lead = f"Nothing was recorded around instruction {question.at:,}" + (
            f"; the last one is {last:,}." if last is not None else "."
        )

    def query(limit: int | None) -> str:
        view = database.views["trace"]
        kind = view.column("kind")
        assert kind is not None
        rows = f"SELECT * FROM {table.table}" + (f" LIMIT {limit}" if limit is not None else "")
        line = ", line_at(pc) AS line" if context.names.has_lines else ""
        return (
            f"SELECT insn, vcpu, {kind.expression} AS kind, pc, "
            f"text_at(kind, pc, address, value, size, what) AS text, symbol_at(pc) AS symbol{line} FROM ({rows})"
        )

    columns = (*_HAPPENED, *context.names_of_pc())
    return Answer(text, lead, facts, columns, table.count, query, context.notes(), database, (table,))
