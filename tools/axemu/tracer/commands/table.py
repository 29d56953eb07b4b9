"""gdb's words, unchanged, and a few of our own."""

from __future__ import annotations

import difflib
import re
from typing import Final

from axemu.errors import UsageError
from axemu.tracer.commands import frames, info, memory, places, points, running, values
from axemu.tracer.commands.command import Call, Command

TABLE: Final = (
    Command(("c", "continue"), "c", "run until something stops the guest", screen=lambda app, text: app.go()),
    Command(("si", "stepi"), "si [N]", "N instructions", run=running.stepi),
    Command(("ni", "nexti"), "ni", "one instruction; a call is run to its return", run=running.nexti),
    Command(("s", "step"), "s", "to another source line, into calls", run=running.step),
    Command(("n", "next"), "n", "to another source line, over calls", run=running.next_),
    Command(("fin", "finish"), "fin", "run to where the selected frame returns", run=running.finish),
    Command(("until", "u"), "until LOCATION", "run to a place, or out of this function", run=running.until),
    Command(("e", "exit"), "e [N]", "run to the N-th next VM exit", run=running.exits),
    Command(("goto",), "goto N|exit:N", "run to an instruction or exit by its number", run=running.goto),
    Command(("restart", "run", "r"), "restart", "the machine as after power-on", run=running.restart),
    Command(("b", "break"), "b LOCATION [if COND]", "breakpoint", look=points.break_),
    Command(
        ("tbreak", "tb"),
        "tbreak LOCATION [if COND]",
        "breakpoint that goes after its first stop",
        look=points.tbreak,
    ),
    Command(("toggle",), "toggle LOCATION", "set or clear a breakpoint", look=points.toggle),
    Command(("watch",), "watch EXPR [if COND]", "stop after a write", look=points.watch),
    Command(("rwatch",), "rwatch EXPR", "stop after a read", look=points.rwatch),
    Command(("awatch",), "awatch EXPR", "stop after an access", look=points.awatch),
    Command(
        ("catch",),
        "catch KIND [DEVICE|CAUSE] [if COND]",
        "stop at exits, traps, privilege",
        look=points.catch,
    ),
    Command(
        ("delete", "d"), "delete [N...]", "delete points, all of them without a number", look=points.delete
    ),
    Command(("enable",), "enable [N...]", "enable points", look=points.enable),
    Command(("disable",), "disable [N...]", "disable points", look=points.disable),
    Command(
        ("condition",), "condition N [COND]", "stop at point N only where COND is true", look=points.condition
    ),
    Command(("ignore",), "ignore N COUNT", "let the next hits of point N pass", look=points.ignore),
    Command(("p", "print"), "p[/F] EXPR", "the value of an expression", look=values.print_),
    Command(
        ("x",), "x/NFU ADDRESS", "memory: N of format x d u o t c a s i, unit b h w g", look=values.examine
    ),
    Command(("set",), "set EXPR = VALUE", "change a register or memory", look=values.set_),
    Command(("ptype",), "ptype EXPR|TYPE", "a type, or that of an expression", look=values.ptype),
    Command(
        ("info", "i"), "info reg|b|exits|devices|threads|symbol X|line X", "what is known", look=info.info
    ),
    Command(
        ("symbols", "add-symbol-file"),
        "symbols FILE[@BASE]|kallsyms",
        "more names: of a file, or of the Linux that runs",
        look=places.symbols,
    ),
    Command(("page",), "page ADDRESS", "translation, level by level", look=places.page),
    Command(("bt", "backtrace", "where"), "bt", "the call stack", look=frames.backtrace),
    Command(("up",), "up", "select the caller", look=frames.up),
    Command(("down",), "down", "select the callee", look=frames.down),
    Command(("frame",), "frame N", "select a frame", look=frames.frame),
    Command(("vcpu", "thread"), "vcpu N", "select a vCPU", look=frames.vcpu),
    Command(("disas",), "disas [LOCATION]", "show the code there", look=places.disas),
    Command(("list", "l"), "list [LOCATION]", "the source there", look=places.list_),
    Command(("mem",), "mem [EXPR]", "show the memory there", look=memory.memory),
    Command(("find",), "find TEXT|0xBYTES", "search RAM; again: the next place", look=memory.find),
    Command(("poke",), "poke ADDRESS BYTES", "edit memory", look=memory.poke),
    Command(("asm",), "asm ADDRESS TEXT[; TEXT...]", "assemble and patch", look=memory.patch),
    Command(("undo",), "undo", "undo the last edit", look=memory.undo),
    Command(("when",), "when", "the position: instruction and exit", look=places.when),
    Command(
        ("filter",), "filter [WORDS]", "which exits are shown", screen=lambda app, text: app.set_filter(text)
    ),
    Command(("why",), "why", "why did it stop", screen=lambda app, text: app.explain()),
    Command(
        ("theme",),
        "theme [NAME]",
        "dark, light, mono; the next one without a name",
        screen=lambda app, text: app.set_theme(text) if text else app.next_theme(),
    ),
    Command(("help", "h"), "help", "keys, panes, commands", screen=lambda app, text: app.help()),
    Command(("quit", "q"), "quit", "leave", screen=lambda app, text: app.leave()),
)
BACK: Final = (
    "rsi", "rni", "rc", "rs", "rn", "reverse-stepi", "reverse-nexti", "reverse-continue", "reverse-step",
    "reverse-next", "reverse-finish", "reverse-exit", "who-wrote",
)  # fmt: skip


class CommandTable:
    """Finds the command of a line."""

    def __init__(self) -> None:
        self.all: Final = TABLE
        self._by_name: Final = {name: each for each in TABLE for name in each.names}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._by_name))

    def parse(self, text: str) -> Call | None:
        """None for an empty line. Raises UsageError with the nearest words."""
        text = text.strip().lstrip(":").strip()
        if not text:
            return None
        found = re.match(r"[A-Za-z-]+", text)
        word = found[0] if found else text.split()[0]
        argument = text[len(word) :].strip()
        if word in BACK:
            raise UsageError(
                "Going back in time is not in this version.", attempt="restart and goto N lead there again."
            )
        command = self._by_name.get(word)
        if command is None:
            starts = [each for each in self.names if each.startswith(word)]
            if len({id(self._by_name[each]) for each in starts}) == 1:
                command = self._by_name[starts[0]]
            else:
                near = starts or difflib.get_close_matches(word, self.names, 3)
                meant = f"Did you mean {' or '.join(near[:4])}?" if near else ":help lists them."
                raise UsageError(f"No command is named '{word}'.", attempt=meant)
        return Call(command, argument, text)
