"""Commands about the values of expressions, and memory in gdb's formats."""

from __future__ import annotations

import re
from typing import Final

from axemu.tracer.codeview import decoding
from axemu.tracer.commands.command import Answer
from emu.debug.debugger import Debugger
from emu.debug.errors import Unreadable
from emu.debug.expression import Expression, assign
from emu.debug.values import Printer
from isa.disassembly import disassemble

UNITS: Final = {"b": 1, "h": 2, "w": 4, "g": 8}
FORMAT: Final = re.compile(r"^/(\d*)([xduotcasiz]?)([bhwg]?)([xduotcasiz]?)\s*")


def value(debugger: Debugger, text: str) -> int:
    """The number that an expression has, or an address."""
    found = Expression.parse(text).evaluate(debugger.scope())
    return int(found) & (1 << debugger.machine.isa.bits) - 1


def address(debugger: Debugger, text: str) -> int:
    if re.fullmatch(r"[A-Za-z_.][\w.$]*", text):
        symbol = debugger.symbols.address(text)
        if symbol is not None:
            return symbol
    return value(debugger, text)


def print_(debugger: Debugger, text: str) -> Answer:
    found = re.match(r"^/([a-z]+)\s*", text)
    letter = found[1] if found else ""
    rest = text[found.end() :] if found else text
    result = (
        assign(rest, debugger.scope())
        if re.search(r"[^=!<>]=[^=]", rest)
        else Expression.parse(rest).evaluate(debugger.scope())
    )
    printer = Printer(debugger.symbols, debugger.memory)
    return Answer(f"{rest} = {printer.text(result, letter)}")


def ptype(debugger: Debugger, text: str) -> Answer:
    named = debugger.info.type(text.strip())
    found = Expression.parse(text).evaluate(debugger.scope()).type if named is None else named
    return Answer(f"type = {found.declare()}")


def set_(debugger: Debugger, text: str) -> Answer:
    text = re.sub(r"^var(iable)?\s+", "", text)
    return Answer(
        f"{text}: {Printer(debugger.symbols, debugger.memory).text(assign(text, debugger.scope()))}"
    )


def examine(debugger: Debugger, text: str) -> Answer:
    found = FORMAT.match(text)
    number, letter, unit = 1, "x", debugger.machine.isa.bits // 8
    if found:
        number = int(found[1] or 1)
        letter = found[2] or found[4] or "x"
        unit = UNITS.get(found[3], unit)
        text = text[found.end() :]
    at = address(debugger, text) if text else debugger.pc
    number = min(number, 4096)
    memory = debugger.memory
    if letter == "i":
        isa = decoding(debugger)
        code = memory.readable(at, isa.max_instruction_length * number)
        if not code:
            raise Unreadable(at, 1)
        return Answer(
            "\n".join(
                f"{debugger.place(each.address)}:\t{each}"
                for each in disassemble(isa, code, at, limit=number)
            )
        )
    if letter == "s":
        rows = []
        for _ in range(number):
            part = memory.text(at)
            rows.append(f"{at:#x}:\t{part.decode('latin-1')!r}")
            at += len(part) + 1
        return Answer("\n".join(rows))
    unit = 1 if letter == "c" and not (found and found[3]) else unit
    rows, per_line = [], max(16 // unit, 1)
    words = []
    for index in range(number):
        word = memory.number(at + index * unit, unit)
        words.append(_formatted(word, letter, unit, debugger))
    for index in range(0, number, per_line):
        rows.append(f"{debugger.place(at + index * unit)}:\t" + "\t".join(words[index : index + per_line]))
    return Answer("\n".join(rows))


def _formatted(word: int, letter: str, unit: int, debugger: Debugger) -> str:
    signed = word - (1 << 8 * unit) if word >> (8 * unit - 1) else word
    match letter:
        case "d":
            return str(signed)
        case "u":
            return str(word)
        case "o":
            return f"0{word:o}"
        case "t":
            return f"{word:0{8 * unit}b}"
        case "c":
            return f"{signed} {chr(word)!r}" if 0x20 <= word < 0x7F else str(signed)
        case "a":
            return debugger.place(word)
        case _:
            return f"0x{word:0{2 * unit}x}"
