"""What a launch request asks for: the options of `axemu run`, by name or as they are typed, and a few of our own."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from axemu.dap.console import kinds_of
from axemu.dap.errors import Refused
from axemu.inherited import with_options_of_run
from axemu.options import Request, SymbolsOption
from axemu.plan import Plan
from axemu.run import request_of

if TYPE_CHECKING:
    from axemu.dap.fields import Fields

NAMED: Final = {
    "isa": "--isa",
    "machine": "--machine",
    "cpu": "--cpu",
    "smp": "--smp",
    "memory": "--memory",
    "bios": "--bios",
    "kernel": "--kernel",
    "initrd": "--initrd",
    "append": "--append",
    "dtb": "--dtb",
    "base": "--base",
    "input": "--input",
    "maxInsns": "--max-insns",
}
"""Attributes that are one option of `axemu run` with a value."""
LISTED: Final = {"symbols": "--symbols", "drives": "--drive", "devices": "--device"}
FLAGS: Final = {"semihosting": "--semihosting"}
OWN: Final = (
    "program", "guest", "args", "cwd", "stopOnEntry", "noDebug", "exits", "console", "sourceMap", "sourceDirectories",
)  # fmt: skip
CONSOLES: Final = ("internalConsole", "integratedTerminal", "externalTerminal")
NOT_HERE: Final = ("verbose", "json", "log", "log_file", "dump_memory", "timeout", "gdb", "freeze")
"""Options of `axemu run` about a report, or another debugger."""


@dataclass(frozen=True, slots=True)
class Launch:
    """`exits`: kinds of events that are shown, empty for all VM exits, None for none. `console`: where the guest's
    is, one of CONSOLES. `source_map`: (from, to) of path beginnings. `warnings` are sentences."""

    plan: Plan
    symbols: tuple[str, ...] = ()
    stop_on_entry: bool = False
    no_debug: bool = False
    exits: frozenset[str] | None = None
    console: str = CONSOLES[0]
    source_map: tuple[tuple[str, str], ...] = ()
    source_directories: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def launch_of(asked: Fields) -> Launch:
    """Changes the working directory to `cwd`. Raises Refused, and what a plan raises."""
    if asked.has("cwd"):
        try:
            os.chdir(asked.text("cwd"))
        except (OSError, ValueError) as error:
            raise Refused(f"Cannot go to 'cwd': {error}.", attempt="Name a folder.") from error
    console = asked.text("console", CONSOLES[0])
    if console not in CONSOLES:
        raise Refused(f"'console' is one of {', '.join(CONSOLES)}.", f"It got '{console}'.")
    request, symbols = _options(_words(asked))
    plan = Plan.of(request)
    no_debug = asked.flag("noDebug")
    return Launch(
        plan=plan if request.max_insns is not None else plan.unlimited(),
        symbols=symbols,
        stop_on_entry=asked.flag("stopOnEntry") and not no_debug,
        no_debug=no_debug,
        exits=_exits(asked),
        console=console,
        source_map=_source_map(asked),
        source_directories=tuple(
            Path(each).expanduser().absolute() for each in asked.texts("sourceDirectories")
        ),
        warnings=tuple(_unknown(asked)),
    )


def _words(asked: Fields) -> list[str]:
    """As they would be typed behind `axemu run`."""
    words: list[str] = []
    for name, option in NAMED.items():
        if asked.has(name):
            number = isinstance(asked.values[name], int)
            words += [option, str(asked.number(name)) if number else asked.text(name)]
    for name, option in LISTED.items():
        for each in asked.texts(name):
            words += [option, each]
    words += [option for name, option in FLAGS.items() if asked.flag(name)]
    words += asked.texts("args")
    if asked.has("program") and asked.has("guest"):
        raise Refused("'program' and 'guest' are the same.", "Both were given.")
    for name in ("program", "guest"):
        if asked.has(name):
            words += ["--", asked.text(name)] if "--" not in words else [asked.text(name)]
    return words


def _options(words: list[str]) -> tuple[Request, tuple[str, ...]]:
    """Raises Refused for what `axemu run` would refuse."""
    from axemu.cli import paragraph, respelled  # noqa: PLC0415 - which offers this verb

    found: list[tuple[Request, tuple[str, ...]]] = []
    app = typer.Typer(add_completion=False)

    @app.command()
    @with_options_of_run(without=NOT_HERE)
    def launch(symbols: SymbolsOption = None, **options: Any) -> None:  # noqa: ANN401
        found.append((request_of(**options), tuple(symbols or ())))

    command = typer.main.get_command(app)
    try:
        with command.make_context("launch", respelled(words, command)) as context:
            command.invoke(context)
    except typer.TyperException as error:
        raise Refused(paragraph(error).replace("Try: launch --help", "Try: axemu run --help")) from error
    except typer.Exit:
        raise Refused(
            "'args' are the options of a guest.", "They ask for help.", "Try: axemu run --help"
        ) from None
    return found[0]


def _exits(asked: Fields) -> frozenset[str] | None:
    value = asked.values.get("exits")
    if value is None or isinstance(value, bool):
        return frozenset() if value else None
    return kinds_of(asked.texts("exits") or ["off"], "exits")


def _source_map(asked: Fields) -> tuple[tuple[str, str], ...]:
    """Of an object {from: to}, or of a list of pairs."""
    value = asked.values.get("sourceMap")
    if value is None:
        return ()
    pairs = list(value.items()) if isinstance(value, dict) else value
    good = isinstance(pairs, list) and all(
        isinstance(each, (list, tuple)) and len(each) == 2 and all(isinstance(part, str) for part in each)
        for each in pairs
    )
    if not good:
        raise Refused(
            '\'sourceMap\' is an object such as {"/build": "${workspaceFolder}"}.', f"It got {value!r}."
        )
    return tuple((str(each[0]), os.path.expanduser(str(each[1]))) for each in pairs)


def _unknown(asked: Fields) -> list[str]:
    """Attributes that were meant to be ours. Clients add their own, which are no mistake."""
    known = (*NAMED, *LISTED, *FLAGS, *OWN)
    found = []
    for name in asked.values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.8)
            found += [f"launch knows no '{name}': did you mean '{near[0]}'?"] if near else []
    return found
