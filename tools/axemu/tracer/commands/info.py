"""`info`: what is known, topic by topic."""

from __future__ import annotations

from collections import Counter

import numpy as np

from axemu.errors import UsageError
from axemu.tracer.commands.command import Answer
from axemu.tracer.commands.frames import frame_lines
from axemu.tracer.commands.values import address
from emu.debug.debugger import Debugger
from emu.debug.devices import views
from emu.debug.exits import Event
from emu.debug.expression import Expression
from emu.debug.mappings import mappings
from emu.debug.values import Printer
from emu.debug.vcpus import vcpu_view


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
    return frame_lines(debugger, only=debugger.frame)
