"""Who wrote or read memory, and what it held."""

from __future__ import annotations

from typing import Final

from emu.trace.query.answer import Answer, Fact
from emu.trace.query.context import Context
from emu.trace.query.database import Hits
from emu.trace.query.errors import BadQuestion
from emu.trace.query.names import Memory
from emu.trace.query.question import Accesses, Transfer, ValueAt, Which
from emu.trace.query.texts import after, times
from emu.trace.query.views import READ, View

WIDEST: Final = 64
"""Bytes of the widest access that a row can be of, and of what `value of` takes."""
_VIEWS: Final = {Transfer.WRITE: "writes", Transfer.READ: "reads", Transfer.EITHER: "mem"}
_DONE: Final = {Transfer.WRITE: "written", Transfer.READ: "read", Transfer.EITHER: "accessed"}


def accesses(context: Context, question: Accesses, text: str) -> Answer:
    context.require(READ)
    database, memory = context.database, context.names.memory(question.target)
    view = database.views[_VIEWS[question.transfer]]
    where = context.where(view.condition, *touching(memory), *context.conditions(question.clauses, view))
    match question.which:
        case Which.ALL:
            hits = database.find(where)
        case Which.FIRST:
            hits = database.find_first(where)
        case Which.LAST:
            hits = database.find_last(where)
    bounds = database.bounds(hits)
    done = _DONE[question.transfer]
    facts: dict[str, Fact] = {"address": memory.address, "bytes": memory.size, "count": hits.count}
    if bounds is None:
        lead = f"{memory} was not {done}."
        if not _touched(context, memory):
            lead += " Nothing of it was accessed in this trace."
    elif question.which is Which.ALL:
        facts |= {"first": bounds[0], "last": bounds[1]}
        lead = f"{memory} was {done} {times(hits.count)}: {after(*bounds)}."
    else:
        facts |= {question.which.value: bounds[0]}
        lead = f"{memory} was {question.which.value} {done} by instruction {bounds[0]:,}."
    return _answer(context, text, lead, facts, view, hits)


def touching(memory: Memory) -> tuple[str, ...]:
    """The access has a byte of it."""
    low = max(memory.address - WIDEST + 1, 0)
    return (
        f"address BETWEEN {low} AND {memory.address + memory.size - 1}",
        f"address::HUGEINT + size > {memory.address}",
    )


def value_at(context: Context, question: ValueAt, text: str) -> Answer:
    """From the accesses before: the last one of each byte, read or written."""
    context.require(READ)
    memory = context.names.memory(question.target)
    if memory.size > WIDEST:
        raise BadQuestion(
            question.target, f"it has {memory.size} bytes, and the value of at most {WIDEST} can be asked"
        )
    view = context.database.views["mem"]
    conditions = context.conditions(question.clauses, None)
    big = context.names.isa.endian == "big"
    known: dict[int, int] = {}
    used: list[Hits] = []
    last = 0
    while len(known) < memory.size:
        missing = [at for at in range(memory.address, memory.address + memory.size) if at not in known]
        gap = Memory(memory.label, missing[0], _run(missing))
        where = context.where(view.condition, *touching(gap), *conditions)
        hits = context.database.find_last(where, question.at + 1)
        used.append(hits)
        if not hits.count:
            known |= dict.fromkeys(range(gap.address, gap.address + gap.size), -1)
            continue
        (row,) = context.database.fetch(context.database.rows_of(hits, None, "insn, address, size, value"))
        insn, address, size, value = row
        data = value.to_bytes(8, "little")[:size][:: -1 if big else 1]
        seen = {address + at: byte for at, byte in enumerate(data)}
        known |= {at: seen.get(at, -1) for at in missing if address <= at < address + size}
        last = max(last, insn)
    content = [known[at] for at in range(memory.address, memory.address + memory.size)]
    shown = " ".join(f"{byte:02x}" if byte >= 0 else "??" for byte in content)
    facts: dict[str, Fact] = {
        "address": memory.address,
        "bytes": shown,
        "at": question.at,
        "value": None,
        "since": None,
    }
    if -1 not in content:
        number = int.from_bytes(bytes(content), "big" if big else "little")
        facts |= {"value": number, "since": last}
        lead = f"{memory} held {number:#x} after instruction {question.at:,}: last touched by instruction {last:,}."
    elif max(content) >= 0:
        lead = (
            f"{memory} held {shown} after instruction {question.at:,}; no access before shows the bytes ??."
        )
    else:
        lead = f"What {memory} held after instruction {question.at:,} is not known: no access before it."
    found = [hits for hits in used if hits.count]
    return _answer(context, text, lead, facts, view, context.database.joined(found))


def _run(places: list[int]) -> int:
    """How many follow each other from the first on."""
    return next((at for at, place in enumerate(places) if place != places[0] + at), len(places))


def _touched(context: Context, memory: Memory) -> bool:
    view = context.database.views["mem"]
    return context.database.find_first(context.where(view.condition, *touching(memory))).count > 0


def _answer(context: Context, text: str, lead: str, facts: dict[str, Fact], view: View, hits: Hits) -> Answer:
    database = context.database

    def query(limit: int | None) -> str:
        return context.decorated(f"SELECT {view.select} FROM ({database.rows_of(hits, limit)})")

    columns = (*view.columns, *context.names_of_pc())
    return Answer(text, lead, facts, columns, hits.count, query, context.notes(), database, (hits,))
