"""The keys, as one table: bindings, help, footer and reference are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as Textual names them; `action` of the app; `label` for the footer, "" keeps it out of there."""

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


_SHOWN: Final = {
    "colon": ":", "question_mark": "?", "slash": "/", "plus": "+", "minus": "-", "left_square_bracket": "[",
    "right_square_bracket": "]", "shift+tab": "Shift-Tab", "tab": "Tab", "delete": "Del",
}  # fmt: skip


def _chord(key: str) -> str:
    return f"Ctrl-{key[5:].upper()}" if key.startswith("ctrl+") else key


KEYS: Final = (
    Key(("s", "f7"), "step", "one instruction", "Run", "step", "si"),
    Key(("n", "f8"), "over", "one instruction; a call is run to its return", "Run", "over", "ni"),
    Key(("f",), "out", "run to where the selected frame returns", "Run", "out", "fin"),
    Key(("c", "f9"), "go", "run until something stops the guest", "Run", "go", "c"),
    Key(("e",), "next_exit", "run to the next VM exit, before it is answered", "Run", "exit"),
    Key(("t",), "go_to_time", "run to an instruction or exit by its number: 5000, exit:12", "Run", gdb="goto"),
    Key(("ctrl+c",), "stop", "stop the guest (while typing into the console, the guest gets it)", "Run", "stop"),
    Key(("r",), "restart", "the machine as after power-on; points stay", "Run", gdb="restart"),
    Key(("S",), "back_in_time", "step back: not in this version", "Back in time", gdb="rsi"),
    Key(("N",), "back_in_time", "step back over: not in this version", "Back in time", gdb="rni"),
    Key(("F",), "back_in_time", "back to the call: not in this version", "Back in time"),
    Key(("C",), "back_in_time", "run back: not in this version", "Back in time", gdb="rc"),
    Key(("E",), "back_in_time", "back to the last VM exit: not in this version", "Back in time"),
    Key(("W",), "back_in_time", "who wrote this: not in this version", "Back in time"),
    Key(("b", "f2"), "breakpoint", "set or clear a breakpoint on the chosen line of the code", "Points", "break", "b"),
    Key(("w",), "watch", "watch an expression", "Points", "watch", "watch"),
    Key(("y",), "why", "why did it stop: exit, instruction, operands, page walk, what to try", "Look", "why", "why"),
    Key(("g",), "go_to_address", "show the code at an address or symbol (empty: at the pc)", "Look", "goto"),
    Key(("m",), "memory", "show the memory at an expression (empty: at the stack pointer)", "Look"),
    Key(("slash",), "search", "filter the exits, or search memory where that pane has the focus", "Look", "filter"),
    Key(("ctrl+e",), "edit", "edit the memory on the chosen line", "Look"),
    Key(("ctrl+z",), "undo", "undo the last edit of memory", "Look"),
    Key(("i",), "type", "type into the guest's console; Ctrl-A x ends it", "Look", "type"),
    Key(("colon",), "command", "command line: gdb's words", "Screen", "command"),
    Key(("tab",), "focus_pane(1)", "the next pane", "Screen"),
    Key(("shift+tab",), "focus_pane(-1)", "the pane before", "Screen"),
    Key(("right_square_bracket",), "turn(1)", "the next pane of this place", "Screen"),
    Key(("left_square_bracket",), "turn(-1)", "the pane before, of this place", "Screen"),
    Key(("z",), "zoom", "this pane alone; again: all", "Screen", "zoom"),
    Key(("plus",), "grow(1.25)", "more room for this pane", "Screen"),
    Key(("minus",), "grow(0.8)", "less room for this pane", "Screen"),
    Key(("h",), "hide", "hide this pane; 1 to 9 and 0 bring one back", "Screen"),
    Key(("T",), "theme", "dark, light, without colours", "Screen"),
    Key(("f12",), "picture", "save the screen as SVG", "Screen"),
    Key(("question_mark", "f1"), "help", "this help", "Screen", "help"),
    Key(("q",), "leave", "leave; the guest ends", "Screen", "quit", "q"),
)  # fmt: skip
