"""Commands about places: code, source lines, translation, the position in the run."""

from __future__ import annotations

from dataclasses import replace

from axemu.errors import UsageError
from axemu.symbols import apply_symbols
from axemu.tracer.commands.command import Answer
from axemu.tracer.commands.values import address
from axemu.tracer.origin import since
from emu.debug.debugger import Debugger
from emu.debug.info import Source
from emu.debug.walk import walk


def symbols(debugger: Debugger, text: str) -> Answer:
    if not text.strip():
        raise UsageError(
            "Expected a file, or the word kallsyms.", attempt="Try: symbols vmlinux, or symbols kallsyms"
        )
    before = len(debugger.symbols)
    apply_symbols(debugger, [text.strip()])
    return Answer(f"{len(debugger.symbols) - before:,} symbols more")


def _walk(debugger: Debugger, at: int) -> str:
    found = walk(debugger.machine, debugger.vcpu, at)
    end = "not mapped" if found.physical is None else f"guest-physical {found.physical:#x} {found.rights}"
    return "\n".join([f"{at:#x}: {end}", *(f"  {row}" for row in found.rows)])


def page(debugger: Debugger, text: str) -> Answer:
    return Answer(_walk(debugger, address(debugger, text) if text else debugger.pc))


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


def when(debugger: Debugger, text: str) -> Answer:
    return Answer(str(since(debugger, debugger.position)))
