"""The words of the debug console: the tracer's commands, `exits`, and > for the guest's own console.

A word that names a variable where the guest stands is that variable; a colon before it makes it the command.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from axemu.dap.errors import Refused
from axemu.dap.memory import changed
from axemu.dap.stacks import frame_of
from axemu.dap.tree import locals_of
from axemu.errors import UsageError
from axemu.tracer.commands import Answer, Call, CommandTable
from axemu.tracer.exitview import KINDS
from axemu.tracer.model import REFUSALS
from axemu.tracer.palette import MONO

if TYPE_CHECKING:
    from axemu.dap.fields import Fields
    from axemu.dap.framing import Message
    from axemu.dap.session import Session
    from emu.debug.debugger import Debugger

TYPED: Final = ">"
TABLE: Final = CommandTable()
_SCREEN: Final = {"c", "why", "help"}
"""Commands of the tracer's screen that have a meaning here."""
OWN: Final = {
    "exits": "exits on|off|KIND...: VM exits as output",
    TYPED: "> TEXT: type a line into the guest",
}
_OFFERED: Final = [each for each in TABLE.all if each.screen is None or each.names[0] in _SCREEN]
NAMES: Final = ("exits", *sorted(name for each in _OFFERED for name in each.names))
_CHANGES: Final = {"set", "poke", "asm", "undo", "symbols"}
_OPERATOR: Final = re.compile(r"\s*($|[-+=.\[<>&|^%])")
"""What makes a word at the beginning a part of an expression, where it names a variable."""
_ESCAPES: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|[nrtec\\])")
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "e": "\x1b", "c": "", "\\": "\\"}


def command(talk: Session, text: str) -> Call | str | None:
    """What the line commands; None where it is an expression. A text is the argument of `exits`."""
    forced = text.startswith(":")
    text = text.lstrip(":").strip()
    word = re.match(r"[A-Za-z-]*", text)
    name = word[0] if word else ""
    if not forced and (name not in NAMES or (_OPERATOR.match(text, len(name)) and _is_variable(talk, name))):
        return None
    if name == "exits":
        return text.removeprefix(name).strip()
    return TABLE.parse(text)


def _is_variable(talk: Session, name: str) -> bool:
    if talk.running:
        return False

    def find(debugger: Debugger) -> bool:
        try:
            return any(each.name == name for each in locals_of(debugger, debugger.scope()))
        except REFUSALS:
            return False

    return talk.look(find)


def obey(talk: Session, asked: Fields, call: Call | str) -> Message:
    if isinstance(call, str):
        return _result(_exits(talk, call))
    name, argument = call.command.names[0], call.argument
    if name == "help":
        rows = [f"{each.usage:32} {each.help}" for each in _OFFERED]
        return _result("\n".join([*rows, *OWN.values()]))
    if name == "c":
        talk.look(lambda debugger: None)
        talk.afterwards(lambda: _go(talk, None))
        return _result("")
    if name == "why":
        return _result(talk.look(lambda debugger: _why(talk, debugger)))
    if call.command.run is not None:
        run = call.command.run
        frame = frame_of(talk, asked)
        talk.look(frame.scope)
        talk.afterwards(lambda: _go(talk, lambda debugger: run(debugger, argument)))
        return _result("")
    if call.command.look is None:
        raise Refused(f"'{name}' is for the tracer's screen.", attempt="help lists what there is here.")
    answer = _look(talk, asked, call)
    if name in _CHANGES:
        talk.afterwards(lambda: changed(talk))
    if name == "symbols":
        talk.afterwards(lambda: renewed(talk))
    return _result(answer.text)


def _why(talk: Session, debugger: Debugger) -> str:
    from axemu.tracer.why import why_lines  # noqa: PLC0415 - Textual is slow to load

    assert talk.guest is not None
    return "\n".join(each.plain for each in why_lines(debugger, talk.guest.places, MONO, None)).rstrip()


def _look(talk: Session, asked: Fields, call: Call) -> Answer:
    look = call.command.look
    assert look is not None
    if asked.has("frameId") and not talk.running:
        talk.look(frame_of(talk, asked).scope)
    try:
        return talk.reach(lambda debugger: look(debugger, call.argument))
    except UsageError as error:
        raise Refused(str(error)) from error


def _go(talk: Session, run: object) -> None:
    """The client did not ask the guest to run, and is told."""
    talk.outgoing.event("continued", {"threadId": 1, "allThreadsContinued": True})
    if callable(run):
        talk.resume(run)
    else:
        talk.go_on()


def renewed(talk: Session) -> None:
    """More symbols: breakpoints that could not be set may be there now."""
    for each in talk.reach(talk.book.renew):
        talk.outgoing.event("breakpoint", {"reason": "changed", "breakpoint": each.body})


def _exits(talk: Session, text: str) -> str:
    assert talk.pump is not None
    kinds = kinds_of(text.split() or ["on"], "exits")
    talk.pump.exits = kinds
    if kinds is None:
        return "VM exits are not shown."
    return f"VM exits are shown: {', '.join(sorted(kinds)) or 'all'}."


def kinds_of(words: list[str], owner: str) -> frozenset[str] | None:
    """Kinds of events by name; empty for all, None for none. Raises Refused."""
    if words in (["on"], ["off"]):
        return frozenset() if words == ["on"] else None
    for each in words:
        if each not in KINDS:
            raise Refused(f"{owner} takes on, off, or kinds: {', '.join(KINDS)}.", f"It got '{each}'.")
    return frozenset(words)


def type_into(talk: Session, text: str) -> Message:
    """A line for the guest's console. \\n \\r \\t \\e \\xNN are what they are in C; \\c at the end leaves out the end of
    line."""
    assert talk.guest is not None
    text = text.removeprefix(" ")
    whole = text if text.endswith("\\c") else f"{text}\n"
    data = _ESCAPES.sub(lambda found: _LETTERS.get(found[1]) or _byte(found[1]), whole)
    if not talk.guest.channel.type(data.encode("utf-8", "replace")):
        raise Refused(
            "The guest cannot be typed into.", "Its input comes from a file, or it has not read for long."
        )
    return _result("")


def _byte(text: str) -> str:
    return chr(int(text[1:], 16)) if text.startswith("x") else ""


def _result(text: str) -> Message:
    return {"result": text, "variablesReference": 0}
