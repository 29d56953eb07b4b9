"""The command. Exit codes: 0; 1 with --check where a limit is broken or axemu was not measured; 2 usage."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bench import tasks
from bench.counting import counting_numbers
from bench.debugging import debugger_numbers
from bench.gdb import STEPS, gdb_numbers
from bench.hooking import hook_numbers
from bench.isas import isa_numbers
from bench.linux import NEEDS, linux_numbers
from bench.measure import interleave
from bench.numbers import FULL, QUICK, numbers
from bench.profiling import profile_numbers
from bench.querying import ROWS as QUERY_ROWS
from bench.querying import query_numbers
from bench.report import Measured, judge, show, values
from bench.suites import MANY, suite_numbers
from bench.tracer import tracer_numbers
from bench.tracing import trace_numbers

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every sample to this file.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Numbers to measure (repeatable); default: all.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Less work and two rounds: does it run at all?")
    ] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds; default 5, with --quick 2.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 where a limit is broken.")] = False,
    isas: Annotated[
        bool,
        typer.Option("--isas", help="The numbers of every instruction set instead: they are built first."),
    ] = False,
    task: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure axemu's numbers beside plain Unicorn and QEMU, in one run.

    Example: python tools/bench --only compute --json numbers.json
    """
    if task is not None:
        tasks.main(task, arguments or [])
        return
    with tempfile.TemporaryDirectory() as scratch:
        linux = () if isas else linux_numbers(Path(scratch))
        rows = (
            isa_numbers(Path(scratch))
            if isas
            else numbers(QUICK if quick else FULL, Path(scratch))
            + linux
            + suite_numbers(MANY // 20 if quick else MANY)
            + debugger_numbers()
            + profile_numbers()
            + hook_numbers()
            + gdb_numbers(STEPS // 10 if quick else STEPS)
            + tracer_numbers()
            + trace_numbers()
            + query_numbers(Path(scratch), QUERY_ROWS // 100 if quick else QUERY_ROWS)
            + counting_numbers(Path(scratch))
        )
        if not linux and not isas:
            print(f"no numbers of Linux: python tools/debian fetch {' '.join(NEEDS)}", file=sys.stderr)
        names = [row.name for row in rows]
        for name in only or []:
            if name not in names:
                raise typer.BadParameter(f"no number is named {name!r}; there are {', '.join(names)}")
        chosen = [row for row in rows if not only or row.name in only]
        turns = rounds or (2 if quick else 5)
        found: dict[str, Measured] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task("", total=sum(len(row.sides) * (row.rounds or turns) for row in chosen))
            for row in chosen:

                def tick(side: str, name: str = row.name) -> None:
                    bars.update(bar, description=f"{name}: {side}", advance=1)

                found[row.name] = judge(row, interleave(row.sides, row.rounds or turns, tick), found)
    measured = list(found.values())
    show(measured, Console())
    if json_file is not None:
        json_file.write_text(json.dumps(values(measured), indent=1) + "\n")
    if check and not all(each.holds for each in measured):
        raise typer.Exit(1)


def main() -> int:
    """Run the command."""
    app(standalone_mode=True)
    return 0
