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
[dim]axemu profile program.elf --callgraph --flamegraph flames.html[/]  who called whom, and a picture of it

The options of `axemu run` serve here too; the guest's console is on standard output as there, before the profile.
"""
_PANEL, _CALLS = "Profile", "Calls"


def _file(option: str, text: str, panel: str, metavar: str = "FILE") -> Any:  # noqa: ANN401
    return typer.Option(*option.split(), metavar=metavar, help=text, rich_help_panel=panel)


@with_options_of_run(without=("gdb", "freeze"))
def profile(
    symbols: SymbolsOption = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="Source lines too (DWARF).", rich_help_panel=_PANEL)
    ] = False,
    annotate: Annotated[
        str | None,
        _file("--annotate", "Its source and code, with how often each instruction ran.", _PANEL, "FUNCTION"),
    ] = None,
    top: Annotated[str | None, _file("--top", "Rows of a table; default 20.", _PANEL, "N")] = None,
    callgraph: Annotated[
        bool,
        typer.Option(
            "--callgraph", help="Functions with what they call, and a tree.", rich_help_panel=_CALLS
        ),
    ] = False,
    calls: Annotated[
        str | None, _file("--calls", "What calls it, and what it calls.", _CALLS, "FUNCTION")
    ] = None,
    flamegraph: Annotated[
        Path | None, _file("--flamegraph", "A flame graph: SVG, or a page (*.html).", _CALLS)
    ] = None,
    collapsed: Annotated[
        Path | None, _file("--collapsed", "Collapsed stacks, for flamegraph.pl and its like.", _CALLS)
    ] = None,
    speedscope: Annotated[Path | None, _file("--speedscope", "A file for speedscope.", _CALLS)] = None,
    output: Annotated[
        Path | None, _file("--output -o", "The profile there, not on standard output.", _PANEL)
    ] = None,
    json: Annotated[
        str | None,
        _file(
            "--json",
            "All of it as JSON. With -, the guest's console goes to standard error.",
            _PANEL,
            "FILE|-",
        ),
    ] = None,
    **options: Any,  # noqa: ANN401
) -> None:
    from axemu.files import check_writable, write_whole  # noqa: PLC0415
    from axemu.profile.exports import Exports  # noqa: PLC0415 - not for --help
    from axemu.profile.session import counted  # noqa: PLC0415

    plan = plan_of(**options, json="-" if json == "-" else None)
    limit = quantities.count(top, "--top") if top is not None else 20
    exports = Exports(flamegraph, collapsed, speedscope)
    exports.check()
    for path in (output, Path(json) if json not in (None, "-") else None):
        if path is not None:
            check_writable(path, "write the profile")
    names = tuple(symbols or ())
    text: list[str] = []
    whole: dict[str, Any] = {}

    def check(machine: Machine) -> None:
        from axemu.profile.annotate import find  # noqa: PLC0415

        for option, name in (("--annotate", annotate), ("--calls", calls)):
            if name is not None and not names:
                find(machine.symbols, name, option)

    def use(found: Counted) -> None:
        text.extend(_text(found, limit, annotate, calls, lines=lines, callgraph=callgraph))
        exports.use(found)
        if json is not None:
            whole.update(_json(found))

    def finish(report: Report) -> None:
        data = ("\n".join(text) + "\n").encode()
        exports.write()
        if output is not None:
            write_whole(output, data, "write the profile")
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
                write_whole(Path(json), result, "write the profile")

    follow = callgraph or calls is not None or exports.wanted
    raise typer.Exit(counted(plan, names, check, use, finish, calls=follow))


def _text(
    found: Counted, limit: int, annotate: str | None, calls: str | None, *, lines: bool, callgraph: bool
) -> list[str]:
    from axemu.profile import callgraph as graph  # noqa: PLC0415
    from axemu.profile import texts  # noqa: PLC0415
    from axemu.profile.annotate import annotated, find  # noqa: PLC0415
    from axemu.profile.functions import by_function, by_line  # noqa: PLC0415
    from axemu.profile.session import source_of  # noqa: PLC0415

    total, source, symbols = found.executions.total, source_of(found), found.debugger.symbols
    text = [texts.head(found.executions), ""]
    if annotate is not None:
        text += annotated(found, find(symbols, annotate), source)
    if lines:
        if not any(found.debugger.info):
            text += ["No source lines: the guest has no debugging information (build it with -g).", ""]
        else:
            text += [*texts.line_table(by_line(found), source, total, limit), ""]
    if found.calls is not None and callgraph:
        text += [*graph.function_table(found.calls, limit), "", *graph.tree_table(found.calls, limit)]
        if found.calls.lost:
            text += [
                "",
                f"{found.calls.lost:,} calls were too deep to be told apart: they are their callers'.",
            ]
    if found.calls is not None and calls is not None:
        text += graph.callers_and_callees(found.calls, find(symbols, calls, "--calls"))
    if annotate is None and calls is None and not callgraph:
        text += texts.function_table(by_function(found), total, limit)
    return text


def _json(found: Counted) -> dict[str, Any]:
    from axemu.profile.callgraph import as_json as calls_as_json  # noqa: PLC0415
    from axemu.profile.functions import by_function, by_line  # noqa: PLC0415
    from axemu.profile.texts import as_json  # noqa: PLC0415

    lines = by_line(found) if any(found.debugger.info) else []
    whole = as_json(found.executions, by_function(found), lines)
    return whole if found.calls is None else {**whole, "calls": calls_as_json(found.calls)}
