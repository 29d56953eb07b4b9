"""The values that registers had."""

from __future__ import annotations

from emu.trace.query.answer import Answer, Fact
from emu.trace.query.context import Context, unknown
from emu.trace.query.database import Hits
from emu.trace.query.errors import BadQuestion
from emu.trace.query.question import History, ValueAt
from emu.trace.query.texts import after, times
from emu.trace.query.views import REG, Column, Shown, View, numbers_in


def history(context: Context, question: History, text: str) -> Answer:
    context.require(REG)
    database = context.database
    name, numbers = lanes(context, question.register)
    view = database.views["regs"]
    conditions = context.conditions(question.clauses, view)
    hits = database.find(context.where(view.condition, numbers_in("address", numbers), *conditions))
    bounds = database.bounds(hits)
    facts: dict[str, Fact] = {"register": name, "count": hits.count}
    if bounds is None:
        lead = f"{name} was not given another value."
    else:
        facts |= {"first": bounds[0], "last": bounds[1]}
        lead = f"{name} was given another value {times(hits.count)}: {after(*bounds)}."

    def query(limit: int | None) -> str:
        lane = ", address" if len(numbers) > 1 else ""
        window = f"OVER (PARTITION BY vcpu{lane} ORDER BY place)"
        rows = f"SELECT *, row_number() OVER () AS place FROM ({database.rows_of(hits, limit)})"
        return (
            f"SELECT * EXCLUDE place FROM (SELECT {_select(view)}, lag(value) {window} AS before, "
            f"pc, symbol, {'line, ' if context.names.has_lines else ''}place "
            f"FROM ({context.decorated(rows)}) ORDER BY place)"
        )

    shown = [each for each in view.columns if each.name != "pc"]
    pc = [each for each in view.columns if each.name == "pc"]
    columns = (*shown, Column("before", "before", Shown.HEX), *pc, *context.names_of_pc())
    return Answer(text, lead, facts, columns, hits.count, query, context.notes(), database, (hits,))


def value_of(context: Context, question: ValueAt, text: str) -> Answer:
    """The last value that it was given, for each vCPU."""
    context.require(REG)
    database = context.database
    name, numbers = lanes(context, question.target)
    view = database.views["regs"]
    conditions = context.conditions(question.clauses, None)
    found: list[Hits] = []
    leads: list[str] = []
    facts: dict[str, Fact] = {"register": name, "at": question.at, "value": None, "since": None}
    vcpus = context.vcpus(question.clauses)
    for vcpu in vcpus:
        value, since = 0, 0
        for number in numbers:
            where = context.where(view.condition, f"address = {number}", f"vcpu = {vcpu}", *conditions)
            hits = database.find_last(where, question.at + 1)
            if not hits.count:
                break
            found.append(hits)
            ((insn, part),) = database.fetch(database.rows_of(hits, None, "insn, value"))
            value |= part << 64 * context.header.registers[number].lane
            since = max(since, insn)
        else:
            facts |= {"value": value, "since": since} if len(vcpus) == 1 else {f"value of vcpu {vcpu}": value}
            leads.append(
                f"{name}{_on(vcpu, len(vcpus))} held {value:#x} after instruction {question.at:,}, "
                f"since instruction {since:,}."
            )
            continue
        leads.append(
            f"What {name}{_on(vcpu, len(vcpus))} held after instruction {question.at:,} is not known: "
            f"nothing that was recorded before it gave it {'a value' if len(numbers) == 1 else 'all of its bits'}."
        )
    every = database.joined(found)

    def query(limit: int | None) -> str:
        return context.decorated(f"SELECT {view.select} FROM ({database.rows_of(every, limit)})")

    columns = (*view.columns, *context.names_of_pc())
    return Answer(
        text, " ".join(leads), facts, columns, every.count, query, context.notes(), database, (every,)
    )


def is_register(context: Context, text: str) -> bool:
    name = text.removeprefix("$")
    return text.startswith("$") or any(
        each.name == _manual(context, name) for each in context.header.registers
    )


def lanes(context: Context, text: str) -> tuple[str, list[int]]:
    """The name and the numbers of its parts. Raises BadQuestion."""
    name = text.removeprefix("$").lower()
    known = [each.name for each in context.header.registers]
    for wanted in (name, _manual(context, name)):
        numbers = [number for number, each in enumerate(known) if each.lower() == wanted.lower()]
        if numbers:
            return known[numbers[0]], numbers
    if name == "pc":
        raise BadQuestion(text, "the pc changes with every instruction", "Ask `what happened at N` or --sql")
    if name in (context.header.fields.get("unfollowed") or ()):
        raise BadQuestion(text, "the recorder does not follow this register", "Its values are in no trace")
    raise unknown("register", name, list(dict.fromkeys(known)))


def _manual(context: Context, name: str) -> str:
    """The name in the manual for an alias."""
    from isa.errors import IsaError  # noqa: PLC0415 - it is big, and not always needed

    try:
        return context.names.isa.register(name).name
    except IsaError:
        return name


def _on(vcpu: int, of: int) -> str:
    return f" of vcpu {vcpu}" if of > 1 else ""


def _select(view: View) -> str:
    return ", ".join(f'{each.expression} AS "{each.name}"' for each in view.columns if each.name != "pc")
