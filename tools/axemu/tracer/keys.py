"""The keys, as one table: bindings, help, footer and reference are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.text import Text
from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as Textual names them; `action` of the app, or of the desk (`desk.`); `label` for the footer, "" keeps it
    out of there."""

    keys: tuple[str, ...]
    action: str
    help: str
    group: str
    label: str = ""
    gdb: str = ""

    @property
    def shown(self) -> str:
        """The keys as a person reads them."""
        return " ".join(
            _SHOWN.get(key, key.upper() if key[0] == "f" and key[1:].isdigit() else _chord(key))
            for key in self.keys
        )


DESK: Final = "desk."
_SHOWN: Final = {
    "colon": ":", "question_mark": "?", "slash": "/", "plus": "+", "minus": "-", "left_square_bracket": "[",
    "right_square_bracket": "]", "shift+tab": "Shift-Tab", "tab": "Tab", "delete": "Del",
}  # fmt: skip


def _chord(key: str) -> str:
    return f"Ctrl-{key[5:].upper()}" if key.startswith("ctrl+") else key


KEYS: Final = (
    Key(("s", "f7"), "perform('si')", "one instruction", "Run", "step", "si"),
    Key(("n", "f8"), "perform('ni')", "one instruction; a call is run to its return", "Run", "over", "ni"),
    Key(("f",), "perform('fin')", "run to where the selected frame returns", "Run", "out", "fin"),
    Key(("c", "f9"), "perform('c')", "run until something stops the guest", "Run", "go", "c"),
    Key(("e",), "perform('e')", "run to the next VM exit, before it is answered", "Run", "exit", "e"),
    Key(("t",), "ask('run to (instruction, or exit:N): ', 'goto ')",
        "run to an instruction or exit by its number: 5000, exit:12", "Run", gdb="goto"),
    Key(("ctrl+c",), "stop", "stop the guest (while typing into the console, the guest gets it)", "Run", "stop"),
    Key(("r",), "perform('restart')", "the machine as after power-on; points stay", "Run", gdb="restart"),
    Key(("S",), "perform('rsi')", "step back: not in this version", "Back in time", gdb="rsi"),
    Key(("N",), "perform('rni')", "step back over: not in this version", "Back in time", gdb="rni"),
    Key(("F",), "perform('reverse-finish')", "back to the call: not in this version", "Back in time"),
    Key(("C",), "perform('rc')", "run back: not in this version", "Back in time", gdb="rc"),
    Key(("E",), "perform('reverse-exit')", "back to the last VM exit: not in this version", "Back in time"),
    Key(("W",), "perform('who-wrote')", "who wrote this: not in this version", "Back in time"),
    Key(("b", "f2"), "breakpoint", "set or clear a breakpoint on the chosen line of the code", "Points", "break", "b"),
    Key(("w",), "ask('watch: ', 'watch ')", "watch an expression", "Points", "watch", "watch"),
    Key(("y",), "perform('why')", "why did it stop: exit, instruction, operands, page walk, what to try", "Look", "why",
        "why"),
    Key(("g",), "ask('code at: ', 'disas ')", "show the code at an address or symbol (empty: at the pc)", "Look",
        "goto", "disas"),
    Key(("m",), "ask('memory at: ', 'mem ')", "show the memory at an expression (empty: at the stack pointer)", "Look",
        gdb="mem"),
    Key(("slash",), "search", "filter the exits, or search memory where that pane has the focus", "Look", "filter",
        "filter"),
    Key(("ctrl+e",), "edit", "edit the memory from the chosen byte on", "Look", gdb="poke"),
    Key(("a",), "assemble", "assemble over the chosen line of the code", "Look", gdb="asm"),
    Key(("ctrl+z",), "perform('undo')", "undo the last edit of memory", "Look", gdb="undo"),
    Key(("i",), "type", "type into the guest's console; Ctrl-A x ends it", "Look", "type"),
    Key(("colon",), "ask(':')", "command line: gdb's words", "Screen", "command"),
    Key(("tab",), "desk.focus_pane(1)", "the next pane", "Screen"),
    Key(("shift+tab",), "desk.focus_pane(-1)", "the pane before", "Screen"),
    Key(("right_square_bracket",), "desk.turn(1)", "the next pane of this place", "Screen"),
    Key(("left_square_bracket",), "desk.turn(-1)", "the pane before, of this place", "Screen"),
    Key(("z",), "desk.zoom", "this pane alone; again: all", "Screen", "zoom"),
    Key(("plus",), "desk.grow(1.25)", "more room for this pane", "Screen"),
    Key(("minus",), "desk.grow(0.8)", "less room for this pane", "Screen"),
    Key(("h",), "desk.hide", "hide this pane; 1 to 9 and 0 bring one back", "Screen"),
    Key(("T",), "perform('theme')", "dark, light, without colours", "Screen", gdb="theme"),
    Key(("f12",), "picture", "save the screen as SVG", "Screen"),
    Key(("question_mark", "f1"), "perform('help')", "this help", "Screen", "help", "help"),
    Key(("q",), "perform('quit')", "leave; the guest ends", "Screen", "quit", "q"),
)  # fmt: skip
ALWAYS: Final = ("help", "quit")
"""Labels that the narrowest footer has."""


def footer(width: int) -> Text:
    """The labelled keys, as many as fit."""
    parts = {each.label: f" {each.shown.split(' ')[0]} " for each in KEYS if each.label}
    room = width - sum(len(parts[label]) + len(label) + 1 for label in ALWAYS)
    line = Text(no_wrap=True)
    for label, key in parts.items():
        length = len(key) + len(label) + 1
        if label not in ALWAYS:
            room -= length
        if label in ALWAYS or room >= 0:
            line.append(key, "bold")
            line.append(label + " ")
    return line


def bindings(*, desk: bool) -> list[BindingType]:
    """Textual's, of the keys for the desk, or of those for the app.

    With priority a key is done before the next one is looked at: keys typed ahead keep their order.
    """
    return [
        Binding(",".join(each.keys), each.action.removeprefix(DESK), each.help, show=False, priority=True)
        for each in KEYS
        if each.action.startswith(DESK) is desk
    ]
