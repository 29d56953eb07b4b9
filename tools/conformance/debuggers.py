"""Scripted sessions of gdb-multiarch and LLDB, the same for every instruction set, and what came of them.

A session is a row of tasks: commands, and a pattern of what the debugger must say to them. What it says is cut at the
marks that stand before each task; nothing else decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conformance import sessions

ISAS: Final = (
    "riscv64", "riscv32", "aarch64", "arm", "x86_64", "i386", "mips", "mipsel", "mips64", "mips64el", "ppc", "ppc64",
    "s390x", "m68k", "sparc", "sparc64",
)  # fmt: skip
YES: Final = "yes"
_STOP: Final = "@@Ctrl-C@@"
_SHOWN: Final = 110
_REFUSAL: Final = re.compile(r"^(?:error|warning|cannot|no |can't|couldn't|the program)\b.*", re.I | re.M)
_TRIANGLE: Final = r"x = 0, y = 0.*x = 3, y = 0.*x = 0, y = 4.*colour = 16744448"


@dataclass(frozen=True, slots=True)
class Task:
    """`wanted` must be found in what is said to `commands`. guest: the one that it is tried with."""

    name: str
    commands: tuple[str, ...]
    wanted: str
    guest: str = "debuggee"
    connect: str = "target remote"


GDB_TASKS: Final = (
    Task("load", ("load", "compare-sections"), r"Transfer rate(?!.*MIS-MATCHED)"),
    Task("break", ("break doubled_area", "continue"), r"Breakpoint 1, (0x\w+ in )?doubled_area \(shape="),
    Task("stepi", ("p/x $pc", "stepi", "p/x $pc"), r"\$\d+ = (0x\w+)\s(?:.*\s)?\$\d+ = (?!\1\s)0x"),
    Task("step", ("step", "info line"), r"\n2\d\t.*Line 2\d of "),
    Task(
        "backtrace",
        ("tbreak cross", "continue", "backtrace"),
        r"#0 .*cross \(.*#1 .* doubled_area \(.*#2 .* scaled \(.*#3 .* main \(",
    ),
    Task("finish", ("finish", "finish"), r"Value returned is \$\d+ = 0\s.*Value returned is \$\d+ = 12\s"),
    Task("print struct", ("print triangle", "print larger"), rf"\$\d+ = .*{_TRIANGLE}.*\$\d+ = .*{_TRIANGLE}"),
    Task("write", ("set var triangle.colour = 7", "p triangle.colour", "set var $sp = $sp"), r"\$\d+ = 7\s"),
    Task(
        "watch",
        ("delete", "watch total", "continue"),
        r"Hardware watchpoint (\d+): total\s.*watchpoint \1: total\s+Old value = 0\s+New value = 12",
    ),
    Task("registers", ("info all-registers", "p/x $pc"), r"\$\d+ = 0x(?!.*\berror\b)"),
    Task("end", ("delete", "continue"), r"exited normally"),
    Task(
        "run again",
        ("break main", "run", "kill", "run"),
        r"Breakpoint 1, main.*killed.*Breakpoint 1, main",
        connect="target extended-remote",
    ),
    Task("Ctrl-C", ("continue", "p/x $pc"), r"SIGINT, Interrupt.*\$\d+ = 0x", guest="spin"),
    Task("detach", ("detach",), r"detached", guest="spin"),
)  # fmt: skip
LLDB_TASKS: Final = (
    Task(
        "break",
        ("breakpoint set -n doubled_area", "continue"),
        r"stop reason = breakpoint 1\.1.*doubled_area\(shape=",
    ),
    Task("stepi", ("thread step-inst",), r"stop reason = instruction step into.*doubled_area"),
    Task("backtrace", ("thread backtrace",), r"doubled_area\(shape.*scaled\(shape.*main at"),
    Task("registers", ("register read pc sp",), r"\w+ = 0x.*\w+ = 0x"),
    Task("print struct", ("frame variable *shape",), rf"{_TRIANGLE}"),
    Task("finish", ("thread step-out",), r"stop reason = step out.*scaled\("),
    Task("watch", ("breakpoint delete 1", "watchpoint set variable total", "continue"), r"old value: 0\s+new value: 12"),
    Task("read memory", ("memory read --format hex --size 4 --count 2 &triangle.colour",), r"0x\w+: 0x00ff8000"),
    Task("write memory", ("memory write --size 4 &triangle.colour 7", "p triangle.colour"), r"= 7\s"),
    Task("threads", ("thread list",), r"thread #1: tid = 0x0001"),
    Task("end", ("watchpoint delete 1", "continue"), r"exited with status = 0"),
    Task("Ctrl-C", ("process continue", "process interrupt", "register read pc"), r"SIGINT.*= 0x", guest="spin"),
    Task("detach", ("process detach",), r"detached", guest="spin"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Debugger:
    """How a debugger is driven. `mark` makes the commands of a task findable in what it says."""

    name: str
    tasks: tuple[Task, ...]
    run: Callable[[int, Path, Task, Iterable[str]], str]
    mark: Callable[[str], str]


def _gdb(port: int, program: Path, first: Task, commands: Iterable[str]) -> str:
    return sessions.gdb(port, program, *commands, connect=first.connect, stop=_STOP)


def _lldb(port: int, program: Path, first: Task, commands: Iterable[str]) -> str:
    run = sessions.lldb_typed if first.guest == "spin" else sessions.lldb
    return run(port, program, *commands)


GDB: Final = Debugger(sessions.GDB, GDB_TASKS, _gdb, lambda name: f"echo \\n@@{name}@@\\n")
LLDB: Final = Debugger(sessions.LLDB, LLDB_TASKS, _lldb, lambda name: f"settings set target.arg0 @@{name}@@")

DEBUGGERS: Final = (GDB, LLDB)


def results(debugger: Debugger, isa: str) -> dict[str, str]:
    """Task -> YES, or what the debugger said instead."""
    found: dict[str, str] = {}
    for group in _groups(debugger.tasks):
        guest = sessions.GUESTS / isa / group[0].guest
        commands = [line for task in group for line in (debugger.mark(task.name), *task.commands)]
        try:
            with sessions.served(guest) as server:
                said = debugger.run(server.port, sessions.program_of(guest), group[0], commands)
        except sessions.NoServer as error:
            found.update({task.name: f"no server: {_short(str(error))}" for task in group})
            continue
        parts = re.split(r"@@([^@\n]+)@@", said)
        answers: dict[str, str] = {}
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            answers[name] = answers.get(name, "") + text
        found.update({task.name: verdict(task, answers.get(task.name)) for task in group})
    return found


def verdict(task: Task, said: str | None) -> str:
    """YES, or the line that says why not."""
    if said is None:
        return "the session ended before it"
    if re.search(task.wanted, said, re.S):
        return YES
    refusal = _REFUSAL.search(said)
    lines = [line for line in said.splitlines() if line.strip()]
    return _short(refusal[0] if refusal else lines[-1] if lines else "it said nothing")


def _groups(tasks: Iterable[Task]) -> list[list[Task]]:
    """Tasks that share a session: those that follow each other with the same guest and connection."""
    groups: list[list[Task]] = []
    for task in tasks:
        if not groups or (groups[-1][0].guest, groups[-1][0].connect) != (task.guest, task.connect):
            groups.append([])
        groups[-1].append(task)
    return groups


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
