"""`axemu stat`: a run, counted; and two of them compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from axemu.errors import UsageError
from axemu.inherited import with_options_of_run
from axemu.options import SymbolsOption
from axemu.quantities import count as whole_number
from axemu.run import plan_of

EXAMPLES = """Run a guest as `axemu run` does, and say what made it leave: which register of which device, from
where, how often.

[dim]axemu stat guests/riscv64/timer-interrupt[/]  tables when the guest has ended
[dim]axemu stat -kernel vmlinux -initrd initrd.gz --top[/]  and while it runs; q ends it
[dim]axemu stat guests/riscv64/workload --json new.json[/]  to keep, or for a script
[dim]axemu stat diff old.json new.json[/]  what has changed between two runs

Counting changes nothing of the run but its time: a third of a microsecond an exit. Exit codes: those of `axemu run`.
"""
_PANEL = "Statistics"
FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="OLD NEW",
        help="With the word `diff` for GUEST: two files that --json has written.",
        show_default=False,
    ),
]
TopOption = Annotated[
    bool,
    typer.Option(
        "--top",
        help="The tables while the guest runs, on the whole screen; q ends it.",
        rich_help_panel=_PANEL,
    ),
]
RowsOption = Annotated[
    str | None,
    typer.Option(
        "--rows",
        metavar="N|all",
        help="Rows of a table, the most frequent first; default: 20.",
        rich_help_panel=_PANEL,
    ),
]
SvgOption = Annotated[
    Path | None,
    typer.Option("--svg", metavar="FILE", help="The tables as a picture too.", rich_help_panel=_PANEL),
]
DIFF, ROWS, ALL = "diff", "20", "all"


@with_options_of_run(without=("gdb", "freeze"))
def stat(
    files: FilesArgument = None,
    symbols: SymbolsOption = None,
    top: TopOption = False,
    rows: RowsOption = None,
    svg: SvgOption = None,
    **options: Any,  # noqa: ANN401
) -> None:
    from axemu.stat.output import Look  # noqa: PLC0415 - not for --help

    look = Look(None if rows == ALL else whole_number(rows or ROWS, "--rows"), svg)
    if options["guest"] == Path(DIFF):
        raise typer.Exit(_compare(files or [], look, options["json"]))
    if files:
        raise UsageError(
            "There is one GUEST, and `axemu stat diff OLD NEW` compares two runs.",
            f"'{files[0]}' is one too many.",
        )
    if top and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "--top needs a terminal, and standard input or output is none.",
            attempt="Leave --top out: the tables come when the guest has ended.",
        )
    from axemu.stat.session import attend  # noqa: PLC0415

    raise typer.Exit(attend(plan_of(**options), look, tuple(symbols or ()), top=top))


def _compare(files: list[Path], look: Any, json: str | None) -> int:  # noqa: ANN401
    if len(files) != 2:
        raise UsageError(
            "`axemu stat diff` compares two files that --json has written: OLD and NEW.",
            f"There are {len(files)}.",
            "A guest folder of that name is ./diff.",
        )
    from axemu.stat.difference import compare  # noqa: PLC0415

    return compare(files[0], files[1], look, json)
