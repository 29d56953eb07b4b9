"""--hook: a user's file of hooks, from its reading to what it has found."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from axemu.errors import InputUnreadable

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

    from axemu.plan import Plan
    from axemu.report import Report
    from emu.hook.instrumentation import Instrumentation
    from emu.hook.results import Results
    from emu.machine import Machine

_SHOWN: Final = 10
"""Rows of a table, array or ring that a file without @finish shows."""


def read(path: Path) -> Instrumentation:
    """Raises HookError, InputUnreadable."""
    from emu.hook.instrumentation import Instrumentation  # noqa: PLC0415 - most runs have no hooks

    try:
        return Instrumentation(path)
    except OSError as error:
        if error.filename not in (None, str(path)):
            raise
        raise InputUnreadable.of(path, error, "read the hooks") from error


def join(hooks: Instrumentation, machine: Machine, screen: RichConsole) -> None:
    """Compile them for the machine. Raises HookError."""
    if screen.is_terminal:
        with screen.status("[dim]axemu:[/] compiling the hooks"):
            hooks.join(machine)
    else:
        hooks.join(machine)


def conclude(hooks: Instrumentation, report: Report, plan: Plan, *, aside: bool) -> Report:
    """Say what they have found, on standard output, or `aside` of what goes there, on standard error. What goes wrong
    there is in the report."""
    from emu.hook.errors import HookError  # noqa: PLC0415

    stream: TextIO = sys.stderr if aside else sys.stdout
    failure = str(hooks.failure) if hooks.failure is not None else ""
    found = None
    try:
        results = hooks.results()
        with redirect_stdout(stream):
            if not hooks.finish(results):
                for line in described(results):
                    print(line)
            stream.flush()
        found = results.as_json() if plan.json is not None else {}
    except HookError as error:
        failure = failure or str(error)
    return replace(report, hooks=found or {}, hook_failure=failure)


def described(results: Results) -> list[str]:
    """What the objects of the file hold, for a person."""
    from emu.hook.storage import Array, Counter, Ring, Table  # noqa: PLC0415

    lines: list[str] = []
    for name, each in results.items():
        if isinstance(each, Counter):
            lines.append(f"{name}: {each.value:,}")
        elif isinstance(each, Table):
            lines.append(f"{name}: {len(each):,} keys")
            for key, number in each.most(_SHOWN):
                keys = key if isinstance(key, tuple) else (key,)
                lines.append(f"{number:>16,}  {', '.join(f'{part:#x}' for part in keys)}")
            lines += _more(len(each))
        elif isinstance(each, Array):
            lines.append(f"{name}: {len(each):,} numbers")
            lines += [f"{each[i]:>16,}  [{i}]" for i in range(min(len(each), _SHOWN))]
            lines += _more(len(each))
        elif isinstance(each, Ring):
            lines.append(f"{name}: {len(each):,} rows of {', '.join(each.columns)}")
            rows = each.rows()
            lines += ["  " + "  ".join(f"{part:#x}" for part in row) for row in rows[:_SHOWN].tolist()]
            lines += _more(len(rows))
    return lines


def _more(count: int) -> list[str]:
    return (
        [f"  and {count - _SHOWN:,} more (--json, or a @finish function, has them all)"]
        if count > _SHOWN
        else []
    )
