"""Commands that look at the guest, and those that change what is looked at."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Final

import numpy as np

from axemu.errors import UsageError
from axemu.symbols import apply_symbols
from axemu.tracer.codeview import decoding
from axemu.tracer.commands.command import Answer
from axemu.tracer.commands.running import count
from axemu.tracer.memory import bytes_of, patches
from axemu.tracer.origin import since
from emu.debug.debugger import Debugger
from emu.debug.devices import views
from emu.debug.errors import Unreadable
from emu.debug.exits import Event
from emu.debug.expression import Expression, assign
from emu.debug.info import Source
from emu.debug.mappings import mappings
from emu.debug.values import Printer
from emu.debug.vcpus import vcpu_view
from emu.debug.walk import walk
from isa.disassembly import disassemble

UNITS: Final = {"b": 1, "h": 2, "w": 4, "g": 8}
FORMAT: Final = re.compile(r"^/(\d*)([xduotcasiz]?)([bhwg]?)([xduotcasiz]?)\s*")
SEARCHED: Final = 1 << 24
"""Bytes that `find` looks through."""


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


def symbols(debugger: Debugger, text: str) -> Answer:
    if not text.strip():
        raise UsageError(
            "Expected a file, or the word kallsyms.", attempt="Try: symbols vmlinux, or symbols kallsyms"
        )
    before = len(debugger.symbols)
    apply_symbols(debugger, [text.strip()])
    return Answer(f"{len(debugger.symbols) - before:,} symbols more")


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


def info(debugger: Debugger, text: str) -> Answer:
    what, _, rest = text.strip().partition(" ")
    topics = {
        "registers": _registers, "breakpoints": _points, "exits": _exits, "devices": _devices, "threads": _threads,
        "symbol": _symbol, "line": _line, "tlb": _tlb, "locals": _locals, "frame": _frame,
    }  # fmt: skip
    found = [each for name, each in topics.items() if what and name.startswith(what)]
    if what in ("vcpus", "cpus"):
        found = [_threads]
    if len(found) != 1:
        raise UsageError(f"info knows {', '.join(topics)}.", f"It got '{what}'." if what else "")
    return Answer(found[0](debugger, rest.strip()))


def _registers(debugger: Debugger, text: str) -> str:
    wanted = text.replace("$", "").split()
    rows = []
    for register in debugger.machine.isa.registers:
        if (
            register.name in wanted
            or (not wanted and register.group == "general")
            or set(wanted) & set(register.aliases)
        ):
            number = debugger.registers[register.name]
            fields = " ".join(f"{each.name}={each.of(number):#x}" for each in register.fields)
            rows.append(
                f"{register.name:<10} {number:#x}  {debugger.symbols.name(number) or ''} {fields}".rstrip()
            )
    return "\n".join(rows) or debugger.machine.isa.register(wanted[0]).name


def _points(debugger: Debugger, text: str) -> str:
    rows = [
        f"{each.number:<4}{'y' if each.enabled else 'n'} {type(each).__name__:<12}{each.what}"
        f"{f'  if {each.condition}' if each.condition else ''}  hit {each.hits}"
        for each in debugger.points
    ]
    return "\n".join(rows) or "No breakpoints, watchpoints or catchpoints."


def _exits(debugger: Debugger, text: str) -> str:
    counts = Counter[int]()
    for _, rows in debugger.exits.parts():
        counts.update(
            dict(zip(*(each.tolist() for each in np.unique(rows["kind"], return_counts=True)), strict=True))
        )
    lines = [f"{number:>12,}  {Event(kind).text}" for kind, number in counts.most_common()]
    return "\n".join(lines) or "No exits yet."


def _devices(debugger: Debugger, text: str) -> str:
    rows = []
    for each in views(debugger.machine):
        if not text or each.name.startswith(text):
            rows.append(f"{each.name}  {each.kind}  {each.base:#x}+{each.size:#x} {each.behind}".rstrip())
            rows += [
                f"    {r.name:<16} {'?' if r.value is None else f'{r.value:#x}'}  {r.text}"
                for r in each.registers
                if text
            ]
    return "\n".join(rows)


def _threads(debugger: Debugger, text: str) -> str:
    rows = []
    for number in range(len(debugger.machine.vcpus)):
        view = vcpu_view(debugger.machine, number)
        waits = f" waits: {view.block.name}" if view.block else ""
        rows.append(
            f"{'*' if number == debugger.vcpu else ' '} {number}  {view.state.name.lower()}{waits}  "
            f"{view.privilege or ''}  {debugger.place(view.pc)}  {view.interrupts.reason}".rstrip()
        )
    return "\n".join(rows)


def _symbol(debugger: Debugger, text: str) -> str:
    at = address(debugger, text)
    return f"{text} is {debugger.place(at)}"


def _line(debugger: Debugger, text: str) -> str:
    at = debugger.locate(text or "$pc").address
    line = debugger.info.line(at)
    return f"{debugger.place(at)} is {line if line is not None else 'in code without lines'}"


def _tlb(debugger: Debugger, text: str) -> str:
    found = mappings(debugger.machine, debugger.vcpu)
    return "\n".join([*map(str, found.ranges), *([found.note] if found.note else [])]) or "Nothing is mapped."


def _locals(debugger: Debugger, text: str) -> str:
    scope = debugger.scope()
    rows = []
    for each in debugger.info.variables(scope.register("pc")):
        try:
            shown = Printer(debugger.symbols, debugger.memory).text(
                Expression.parse(each.name).evaluate(scope)
            )
        except Exception as error:
            shown = f"<{error}>"
        rows.append(f"{each.name} = {shown}")
    return "\n".join(rows) or "No locals are known here."


def _frame(debugger: Debugger, text: str) -> str:
    return _stack(debugger, only=debugger.frame)


def _walk(debugger: Debugger, at: int) -> str:
    found = walk(debugger.machine, debugger.vcpu, at)
    end = "not mapped" if found.physical is None else f"guest-physical {found.physical:#x} {found.rights}"
    return "\n".join([f"{at:#x}: {end}", *(f"  {row}" for row in found.rows)])


def page(debugger: Debugger, text: str) -> Answer:
    return Answer(_walk(debugger, address(debugger, text) if text else debugger.pc))


def _stack(debugger: Debugger, only: int | None = None) -> str:
    rows = []
    for each in debugger.backtrace():
        if only in (None, each.level):
            line = debugger.info.line(each.pc)
            how = f"  ({each.method.value})" if each.method is not None else ""
            rows.append(
                f"{'*' if each.level == debugger.frame else ' '}#{each.level}  {each.pc:#x} in {each.symbol or '?'}"
                f"{f' at {line}' if line else ''}{how}"
            )
    return "\n".join(rows)


def backtrace(debugger: Debugger, text: str) -> Answer:
    return Answer(_stack(debugger))


def frame(debugger: Debugger, text: str) -> Answer:
    debugger.frame = count(text, debugger.frame)
    code = debugger.backtrace()[debugger.frame].pc if debugger.frame else None
    return Answer(_stack(debugger, only=debugger.frame), view=lambda view: replace(view, code=code))


def up(debugger: Debugger, text: str) -> Answer:
    return frame(debugger, str(debugger.frame + count(text)))


def down(debugger: Debugger, text: str) -> Answer:
    return frame(debugger, str(debugger.frame - count(text)))


def vcpu(debugger: Debugger, text: str) -> Answer:
    debugger.vcpu = count(text, debugger.vcpu)
    return Answer(f"vCPU {debugger.vcpu} at {debugger.place(debugger.pc)}")


def disas(debugger: Debugger, text: str) -> Answer:
    at = debugger.locate(text, body=False).address if text.strip() else None
    return Answer(
        "" if at is None else debugger.place(at), view=lambda view: replace(view, code=at), shows="code"
    )


def list_(debugger: Debugger, text: str) -> Answer:
    at = debugger.locate(text or "$pc").address
    line, holder = debugger.info.line(at), debugger.info.holder(at)
    if line is None or holder is None:
        return Answer("No source line is known for this code (compile the guest with -g).")
    found = Source.of(holder.path).lines(line, line.line - 5, line.line + 5)
    rows = [f"{'►' if number == line.line else ' '}{number:>5} {row}" for number, row in found.lines]
    return Answer("\n".join([str(line), *rows, *([found.note] if found.note else [])]))


def memory(debugger: Debugger, text: str) -> Answer:
    at = address(debugger, text) if text.strip() else None
    return Answer(view=lambda view: replace(view, memory=at, memory_text=text or "$sp"), shows="memory")


def find(debugger: Debugger, text: str) -> Answer:
    wanted = bytes_of(text) if text.startswith(("0x", '"')) else text.encode()
    region = next(each for each in debugger.machine.memory.regions if each.name == "RAM")
    at = region.view[:SEARCHED].tobytes().find(wanted)
    if not wanted or at < 0:
        return Answer(f"{text}: not in the first {min(region.size, SEARCHED):,} bytes of RAM", bad=True)
    found = region.base + at
    return Answer(
        f"found at {debugger.place(found)}",
        view=lambda view: replace(view, memory=found, memory_text=text),
        shows="memory",
    )


def poke(debugger: Debugger, text: str) -> Answer:
    where, _, rest = text.partition(" ")
    at = address(debugger, where)
    data = bytes_of(rest)
    patches(debugger).write(debugger, at, data)
    return Answer(f"{len(data)} bytes written at {at:#x}; :undo takes them back")


def undo(debugger: Debugger, text: str) -> Answer:
    return Answer(f"the bytes at {patches(debugger).undo(debugger):#x} are as before")


def when(debugger: Debugger, text: str) -> Answer:
    return Answer(str(since(debugger, debugger.position)))
