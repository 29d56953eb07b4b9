"""Functions for SQL over a trace: names of addresses, addresses of names, the text of an instruction.

`..._at` is called row by row. `..._of` is the same as a subquery over the distinct arguments: of a hundred million rows,
a few thousand calls; but it may change the order of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final

import duckdb

from emu.trace.query.names import Names

_UBIGINT, _VARCHAR = "UBIGINT", "VARCHAR"
_KNOWN: Final = 1 << 16
"""Addresses whose names are kept."""


def add_functions(connection: duckdb.DuckDBPyConnection, names: Names) -> None:
    create: Any = connection.create_function
    lookups: dict[str, Callable[[int], str | None]] = {
        "symbol": names.symbol,
        "function": names.function,
        "line": names.line,
    }
    for name, lookup in lookups.items():
        known = lru_cache(_KNOWN)(_of_none(lookup))
        create(f"{name}_at", known, [_UBIGINT], _VARCHAR, null_handling="special")
        connection.execute(
            f"CREATE MACRO {name}_of(pc) AS (SELECT any_value({name}_at(q)) FROM (SELECT pc::UBIGINT AS q))"
        )
    text = lru_cache(_KNOWN)(partial(disassembled, names))
    create("disassemble_at", text, [_UBIGINT] * 4, _VARCHAR)
    connection.execute(
        "CREATE MACRO disassemble(pc, size, code, code_high) AS (SELECT any_value(disassemble_at(a, b, c, d)) FROM "
        "(SELECT pc::UBIGINT AS a, size::UBIGINT AS b, code::UBIGINT AS c, code_high::UBIGINT AS d))"
    )
    create("address_of", names.address, [_VARCHAR], _UBIGINT)
    connection.execute("CREATE MACRO as_hex(number) AS '0x' || lower(hex(number))")


def _of_none(lookup: Callable[[int], str | None]) -> Callable[[int | None], str | None]:
    return lambda address: None if address is None else lookup(address)


def disassembled(names: Names, pc: int, size: int, code: int, code_high: int) -> str:
    """The instruction whose bytes are in `code` and `code_high`, little-endian; the bytes where it cannot be read."""
    from isa.disassembly import disassemble  # noqa: PLC0415 - it is big, and not always needed
    from isa.errors import IsaError  # noqa: PLC0415

    data = (code | code_high << 64).to_bytes(16, "little")[: min(size, 16)]
    try:
        lines = disassemble(names.isa, data, pc, limit=1)
    except IsaError:
        return data.hex(" ")
    return str(lines[0]) if lines else data.hex(" ")
