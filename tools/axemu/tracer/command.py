"""`axemu trace` and `axemu debug`: a guest on the full screen, with the options of `axemu run`."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Annotated, Any, Final

import typer

from axemu import run as running
from axemu.errors import UsageError
from axemu.options import Request, SymbolsOption

NOT_HERE: Final = ("verbose", "json", "log", "log_file", "dump_memory", "exit_code", "timeout")
"""Options of `axemu run` about a run's report."""
INSTEAD: Final = "`axemu gdb` serves a debugger, `axemu run -d exits` prints a trace."
DUMB: Final = ("dumb", "unknown", "")
PLURALS: Final = {
    "drive": "drives", "device": "devices", "object": "objects", "fsdev": "fsdevs", "serial": "serials",
    "chardev": "chardevs",
}  # fmt: skip
OWN: Final = {
    "run": (
        Annotated[
            bool, typer.Option("--run", help="Run at once, instead of frozen at the first instruction.")
        ],
        False,
    ),
    "demo": (
        Annotated[
            bool, typer.Option("--demo", help="A guest that comes with axemu: nothing else is needed.")
        ],
        False,
    ),
    "symbols": (SymbolsOption, None),
    "theme": (
        Annotated[str | None, typer.Option("--theme", metavar="NAME", help="dark, light, mono.")],
        None,
    ),
}


def _with_run_options(function: Callable[..., None]) -> Callable[..., None]:
    """`function(**options)` with the parameters of `axemu run` and OWN."""
    given = inspect.signature(running.run, eval_str=True).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    wanted = [each.replace(kind=keyword) for each in given if each.name not in NOT_HERE]
    wanted += [
        inspect.Parameter(name, keyword, default=default, annotation=note)
        for name, (note, default) in OWN.items()
    ]
    function.__signature__ = inspect.Signature(wanted)  # type: ignore[attr-defined]
    function.__annotations__ = {each.name: each.annotation for each in wanted}
    return function


@_with_run_options
def trace(**options: Any) -> None:  # noqa: ANN401
    """Watch and debug a guest on the full screen, frozen at its first instruction; c runs it, ? helps.

    [dim]axemu trace guests/riscv64/crash[/]  from a crash to its cause
    [dim]axemu trace --demo[/]  without a guest of one's own
    """
    raise typer.Exit(start(options))


@_with_run_options
def debug(**options: Any) -> None:  # noqa: ANN401
    """As `axemu trace`: the full screen, frozen at the first instruction.

    [dim]axemu debug -kernel Image -smp 2[/]  spelled as for QEMU
    """
    raise typer.Exit(start(options))


def start(options: dict[str, Any]) -> int:
    """The exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The tracer needs a terminal, and standard input or output is none.", attempt=INSTEAD
        )
    if os.environ.get("TERM") in DUMB:
        raise UsageError(
            f"The tracer needs a terminal whose cursor can be moved, and TERM is '{os.environ['TERM']}'.",
            attempt=f"Where the terminal can do more: TERM=xterm-256color axemu trace ... {INSTEAD}",
        )
    run, demo, theme = options.pop("run"), options.pop("demo"), options.pop("theme")
    symbols = tuple(options.pop("symbols") or ())
    known = {each.name for each in fields(Request)}
    values = {PLURALS.get(name, name): value for name, value in options.items()}
    chosen: dict[str, Any] = {
        name: tuple(value or ())
        if isinstance(value, list) or name in (*PLURALS.values(), "fw_cfg", "virtfs")
        else value
        for name, value in values.items()
        if name in known
    }
    request = Request(**chosen)
    if demo:
        request = _demo(request)
    from axemu.tracer.launch import launch  # noqa: PLC0415 - `axemu --help` must not pay for it

    return launch(request, run=run, theme=theme, symbols=symbols)


def _demo(request: Request) -> Request:
    """The guest of `axemu examples hello`."""
    from pathlib import Path  # noqa: PLC0415

    from axemu.examples.example import Setting  # noqa: PLC0415
    from axemu.examples.hello import BASE, arguments  # noqa: PLC0415
    from isa.cache import base  # noqa: PLC0415

    program = arguments(Setting({}, base() / "examples" / "hello", False, None))[-1]
    return replace(request, guest=Path(program), isa="riscv64", machine="bare", base=hex(BASE))
