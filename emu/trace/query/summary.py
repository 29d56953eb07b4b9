"""What a trace is, what is in it, and what it left out."""

from __future__ import annotations

import json

from emu.trace.query.answer import Answer, Fact
from emu.trace.query.context import Context
from emu.trace.query.database import SOURCE
from emu.trace.query.header import KINDS
from emu.trace.query.texts import count_of
from emu.trace.query.views import Column, Shown, texts_list

_COLUMNS = (
    Column("kind", "kind", Shown.TEXT),
    Column("rows", "rows"),
    Column("first", "first"),
    Column("last", "last"),
)


def summary(context: Context, text: str) -> Answer:
    database, header = context.database, context.header
    table = database.keep(
        f"SELECT {texts_list(KINDS)}[kind::BIGINT + 1] AS kind, count(*) AS rows, min(insn) AS first, "
        f"max(insn) AS last, kind AS number FROM {SOURCE} GROUP BY ALL ORDER BY number"
    )
    rows = int(database.fetch_one(f"SELECT coalesce(sum(rows), 0) FROM {table.table}")[0])
    fields, guest = header.fields, header.guest
    facts: dict[str, Fact] = {
        "file": str(header.path),
        "format": header.format.value,
        "written by": f"axemu {fields.get('version')}",
        "isa": header.isa,
        "machine": fields.get("machine"),
        "guest": guest.get("file"),
        "build id": guest.get("build_id"),
        "sha256": guest.get("sha256"),
        "options": header.options or None,
        "recorded": ", ".join(header.record),
        "instructions": fields.get("instructions"),
        "rows": rows,
        "symbols": len(fields["symbols"]),
        "vcpus": len(context.vcpus_there()),
        "ended": fields.get("ended"),
        "complete": fields.get("complete"),
        "left out": json.dumps(header.left_out) if header.left_out else "nothing",
    }
    lead = f"A trace of {guest.get('file') or 'a guest'} ({header.isa}): {count_of(rows, 'row')}."

    def query(limit: int | None) -> str:
        return f"SELECT * EXCLUDE number FROM {table.table}" + (
            f" LIMIT {limit}" if limit is not None else ""
        )

    return Answer(text, lead, facts, _COLUMNS, table.count, query, context.notes(), database, (table,))
