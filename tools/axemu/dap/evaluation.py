"""evaluate, setExpression and completions."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from axemu.dap import console
from axemu.dap.errors import Refused
from axemu.dap.stacks import frame_of
from axemu.dap.tree import evaluated, locals_of
from axemu.dap.variables import assigned, shown
from axemu.tracer.model import REFUSALS

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger

T = TypeVar("T")
ASSIGNMENT: Final = re.compile(r"(?<![=!<>])=(?!=)")
_WORD: Final = re.compile(r"\$?[A-Za-z_][\w.]*$|\$$|:$")
MOST: Final = 200  # completions


def in_frame(talk: Session, asked: Fields, find: Callable[[Debugger], T]) -> Callable[[Debugger], T]:
    """`find`, with the request's frame selected."""
    frame = frame_of(talk, asked)

    def found(debugger: Debugger) -> T:
        frame.scope(debugger)
        return find(debugger)

    return found


def evaluate(talk: Session, asked: Fields) -> Message:
    text, context = asked.text("expression").strip(), asked.text("context", "")
    if context == "repl":
        if text.startswith(console.TYPED):
            return console.type_into(talk, text[1:])
        call = console.command(talk, text)
        if call is not None:
            return console.obey(talk, asked, call)
    if not text:
        raise Refused("Expected an expression of C, such as *(int *)$sp.")
    frame = frame_of(talk, asked)
    if context == "repl" and ASSIGNMENT.search(text):
        left, _, right = text.partition("=")
        body = assigned(talk, frame, left.strip(), right.strip())
        result = body.pop("value")
        return {"result": result, **body}
    letter = "x" if asked.fields("format").flag("hex") else ""
    found = talk.look(lambda debugger: evaluated(debugger, frame, text, letter))
    body = shown(talk, found)
    kept = ("type", "variablesReference", "namedVariables", "indexedVariables", "memoryReference")
    return {"result": found.value} | {key: body[key] for key in kept if key in body}


def set_expression(talk: Session, asked: Fields) -> Message:
    return assigned(talk, frame_of(talk, asked), asked.text("expression"), asked.text("value"))


def completions(talk: Session, asked: Fields) -> Message:
    text = asked.text("text")
    column = asked.number("column") - talk.places.first_column
    line = (
        text.splitlines()[asked.number("line", talk.places.first_line) - talk.places.first_line]
        if text
        else ""
    )
    before = line[: max(column, 0)]
    found = _WORD.search(before)
    word = found[0] if found else ""
    start = len(before) - len(word)
    if before.startswith(console.TYPED):
        return {"targets": []}
    names: list[tuple[str, str]] = []
    if not before[:start].strip(" :"):
        names += [(each, "keyword") for each in console.NAMES]
    if not talk.running:
        names += talk.look(in_frame(talk, asked, lambda debugger: _names(debugger, word)))
    chosen = dict(
        (name, kind) for name, kind in names if name.startswith(word) and (word or kind != "function")
    )
    return {
        "targets": [
            {"label": name, "type": kind, "start": start + talk.places.first_column, "length": len(word)}
            for name, kind in sorted(chosen.items(), key=lambda each: (each[1] == "function", each[0]))[:MOST]
        ]
    }


def _names(debugger: Debugger, word: str) -> list[tuple[str, str]]:
    """What begins with the word."""
    if word.startswith("$"):
        return [(f"${each.name}", "property") for each in debugger.machine.isa.registers]
    found: list[tuple[str, str]] = []
    with suppress(*REFUSALS):  # the frame may have none that are known
        found += [(each.name, "variable") for each in locals_of(debugger, debugger.scope())]
    if word:
        found += [(each.name, "function") for each in debugger.symbols if each.name.startswith(word)]
    return found
