"""`axemu profile`: a guest's instructions, counted without sampling."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axemu import quantities
from axemu.inherited import with_options_of_run
from axemu.options import SymbolsOption
from axemu.run import plan_of

if TYPE_CHECKING:
    from axemu.profile.session import Counted
    from axemu.report import Report
    from emu.machine import Machine

EXAMPLES = """Run a guest and say which functions its instructions were in: counted, every one.

[dim]axemu profile guests/riscv64/workload[/]  the functions that took most instructions
[dim]axemu profile program.elf --lines --top 40[/]  and source lines, where it was built with -g
[dim]axemu profile program.elf --annotate main[/]  one function's code, with how often each instruction ran

The options of `axemu run` serve here too; the guest's console is on standard output as there, before the profile.
"""
_PANEL = "Profile"


@with_options_of_run(without=("gdb", "freeze"))
def profile(
    symbols: SymbolsOption = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Source lines too (DWARF).", rich_help_panel=_PANEL)
    ] = False,
    annotate: Annotated[
        str | None,
        typer.Option(
            "--annotate",
            metavar="FUNCTION",
            help="Its source and code, with how often each instruction ran.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    top: Annotated[
        str | None,
        typer.Option("--top", metavar="N", help="Rows of a table; default 20.", rich_help_panel=_PANEL),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The profile there, not on standard output.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="FILE|-",
            help="All of it as JSON. With -, the guest's console goes to standard error.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    **options: Any,  # noqa: ANN401
) -> None:
    from axemu.profile.session import check_writable, counted, write  # noqa: PLC0415 - not for --help

    plan = plan_of(**options, json="-" if json == "-" else None)
    limit = quantities.count(top, "--top") if top is not None else 20
    for path in (output, Path(json) if json not in (None, "-") else None):
        if path is not None:
            check_writable(path, "the profile")
    names = tuple(symbols or ())
    text: list[str] = []
    whole: dict[str, Any] = {}

    def check(machine: Machine) -> None:
        from axemu.profile.annotate import find  # noqa: PLC0415

        if annotate is not None and not names:
            find(machine.symbols, annotate)

    def use(found: Counted) -> None:
        text.extend(_text(found, limit, annotate, lines=lines))
        if json is not None:
            whole.update(_json(found))

    def finish(report: Report) -> None:
        data = ("\n".join(text) + "\n").encode()
        if output is not None:
            write(output, data, "the profile")
        elif json != "-":
            sys.stdout.write(data.decode())
            sys.stdout.flush()
        if json is not None:
            result = (
                json_format.dumps({**whole, "run": report.as_json()}, separators=(",", ":")) + "\n"
            ).encode()
            if json == "-":
                sys.stdout.write(result.decode())
                sys.stdout.flush()
            else:
                write(Path(json), result, "the profile")

    raise typer.Exit(counted(plan, names, check, use, finish))


def _text(found: Counted, limit: int, annotate: str | None, *, lines: bool) -> list[str]:
    from axemu.profile import texts  # noqa: PLC0415
    from axemu.profile.annotate import annotated, find  # noqa: PLC0415
    from axemu.profile.functions import by_function, by_line  # noqa: PLC0415
    from axemu.profile.session import source_of  # noqa: PLC0415

    total, source = found.executions.total, source_of(found)
    text = [texts.head(found.executions), ""]
    if annotate is not None:
        text += annotated(found, find(found.debugger.symbols, annotate), source)
    if lines:
        if not any(found.debugger.info):
            text += ["No source lines: the guest has no debugging information (build it with -g).", ""]
        else:
            text += [*texts.line_table(by_line(found), source, total, limit), ""]
    if annotate is None:
        text += texts.function_table(by_function(found), total, limit)
    return text


def _json(found: Counted) -> dict[str, Any]:
    from axemu.profile.functions import by_function, by_line  # noqa: PLC0415
    from axemu.profile.texts import as_json  # noqa: PLC0415

    lines = by_line(found) if any(found.debugger.info) else []
    return as_json(found.executions, by_function(found), lines)
