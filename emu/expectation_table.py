"""The [expect] table of a manifest, read. docs/suites.md documents its keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emu.expectation import (
    NAMES,
    Expectation,
    MemoryCheck,
    Place,
    RegisterCheck,
    console_text,
    place,
)
from emu.manifest import Table, nearest
from emu.outcome import Ending

ENDINGS: Mapping[str, Ending] = {
    "powered-off": Ending.POWERED_OFF,
    "crashed": Ending.CRASHED,
    "trap-loop": Ending.TRAP_LOOP,
    "blocked": Ending.BLOCKED,
    "budget": Ending.BUDGET,
    "console": Ending.EXIT,
}
MAX_VCPU = 1023
U32, U63, U64 = (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1


def expectation(table: Table) -> Expectation:
    """The [expect] table."""
    word = table.choice("ending", ENDINGS, "powered-off")
    ending, code = ENDINGS[word], table.optional_integer("exit_code", 0, U32)
    if ending is not Ending.POWERED_OFF and code is not None:
        table.refuse(
            "exit_code", "absent where the guest does not power off", f"{code}, with ending {word!r}"
        )
    xfail = table.take("xfail", "true, false or the reason as a string", lambda v: isinstance(v, (bool, str)))
    console = table.patterns("console")
    if ending is Ending.EXIT and not console:
        table.refuse("console", 'patterns to wait for, with ending = "console"', "none")
    text, file = golden(table)
    return Expectation(
        ending=ending,
        exit_code=code or 0,
        console=console,
        console_text=text,
        forbidden=table.patterns("forbidden"),
        max_instructions=table.optional_integer("max_instructions", 1, U63),
        xfail=bool(xfail),
        xfail_reason=xfail if isinstance(xfail, str) else "",
        instructions=table.optional_integer("instructions", 1, U63),
        max_exits=(*counters(table, "max_exits"), *((name, 0) for name in no_exit(table))),
        exact_exits=counters(table, "exits"),
        memory=tuple(memory_check(each) for each in table.tables("memory")),
        registers=tuple(register_check(each) for each in table.tables("registers")),
        until_console=ending is Ending.EXIT,
        console_file=file,
    )


def golden(table: Table) -> tuple[str | None, Path | None]:
    """console_text, or what is in the file that console_file names, and that file."""
    text, name = table.optional_text("console_text"), table.optional_text("console_file")
    if name is None:
        return text, None
    if text is not None:
        table.refuse("console_file", "absent beside console_text", repr(name))
    path = (table.path.parent / name).resolve()
    try:
        return console_text(path.read_bytes()), path
    except FileNotFoundError:
        return "", path  # until --update-golden writes it
    except OSError as error:
        table.refuse("console_file", "a readable file", f"{path}: {error.strerror}")


def counters(table: Table, key: str) -> tuple[tuple[str, int], ...]:
    """A table of numbers by the names of `emu.expectation.NAMES`."""
    rows = table.table(key)
    found = []
    for name in rows.values:
        if name not in NAMES:
            rows.refuse(name, "the name of a counter", "an unknown one", nearest(name, NAMES))
        found.append((name, rows.integer(name, 0, 0, U63)))
    return tuple(found)


def no_exit(table: Table) -> tuple[str, ...]:
    names = table.texts("no_exit")
    for name in names:
        if name not in NAMES:
            table.refuse("no_exit", "names of counters", repr(name), nearest(name, NAMES))
    return names


def place_in(table: Table, key: str) -> Place | None:
    text = table.optional_text(key)
    if text is None:
        return None
    found = place(text)
    if found is None:
        table.refuse(key, "a symbol, symbol+offset or an address", repr(text))
    return found


def memory_check(table: Table) -> MemoryCheck:
    """One of [[expect.memory]]: at, and one of value (with width, bytes in the ISA's order are the machine's matter),
    bytes (hexadecimal), text."""
    where = place_in(table, "at")
    if where is None:
        table.refuse("at", "a symbol or an address", "no such key")
    when = place_in(table, "when")
    value, text, data = (
        table.optional_integer("value", -U63 - 1, U64),
        table.optional_text("text"),
        table.optional_text("bytes"),
    )
    if sum(each is not None for each in (value, text, data)) != 1:
        table.refuse("value", "one of value, text and bytes", "none or several")
    width = table.integer("width", 4, 1, 8)
    table.finish()
    if value is not None:
        if not -(1 << 8 * width - 1) <= value < 1 << 8 * width:
            table.refuse("value", f"a number of {width} bytes", hex(value))
        return MemoryCheck(where, b"", when, value & (1 << 8 * width) - 1, width)
    if text is not None:
        return MemoryCheck(where, text.encode(), when)
    assert data is not None
    try:
        return MemoryCheck(where, bytes.fromhex(data), when)
    except ValueError:
        table.refuse("bytes", "hexadecimal digits in pairs", repr(data))


def register_check(table: Table) -> RegisterCheck:
    """One of [[expect.registers]]: when, vcpu, and every other key is a register."""
    when, vcpu = place_in(table, "when"), table.integer("vcpu", 0, 0, MAX_VCPU)
    names = [name for name in table.values if name not in ("when", "vcpu")]
    if not names:
        table.refuse("when", "followed by a register, such as a0 = 1", "none")
    values = tuple((name, table.integer(name, 0, -U63 - 1, U64)) for name in names)
    return RegisterCheck(values, vcpu, when)
