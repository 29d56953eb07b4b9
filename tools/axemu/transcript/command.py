"""`axemu transcript`: what a guest and its devices say to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from axemu.errors import UsageError
from axemu.inherited import with_options_of_run
from axemu.run import plan_of

EXAMPLES = """Record every access of a guest to its devices as text, run a driver against such a record, compare two.

[dim]axemu transcript guests/riscv64/hello -o golden.txt[/]  record; "-" prints it
[dim]axemu transcript guests/riscv64/hello -o uart.txt --only uart[/]  of one device
[dim]axemu transcript guests/riscv64/hello --replay golden.txt[/]  the device is the record: does the driver do the same?
[dim]axemu transcript diff golden.txt new.txt[/]  what one says that the other does not

Exit codes are those of `axemu run`; besides, 1 where a replayed guest, or a compared file, says something else.
"""
DIFF = "diff"
_PANEL = "Transcript"
FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="OLD NEW", help="With the word `diff` for GUEST: two transcripts.", show_default=False
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help='Where to write it; "-": standard output.',
        rich_help_panel=_PANEL,
    ),
]
ReplayOption = Annotated[
    Path | None,
    typer.Option(
        "--replay",
        metavar="FILE",
        help="Answer from this transcript, not by the devices.",
        rich_help_panel=_PANEL,
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="DEVICE",
        help="Only this device, by its name (`axemu machine show` lists them). May be repeated.",
        rich_help_panel=_PANEL,
    ),
]


@with_options_of_run(without=("gdb", "freeze"))
def transcript(
    files: FilesArgument = None,
    output: OutputOption = None,
    replay: ReplayOption = None,
    only: OnlyOption = None,
    **options: Any,  # noqa: ANN401
) -> None:
    if options["guest"] == Path(DIFF):
        raise typer.Exit(_compare(files or []))
    if files:
        raise UsageError(
            "There is one GUEST, and `axemu transcript diff OLD NEW` compares two transcripts.",
            f"'{files[0]}' is one too many.",
        )
    if (output is None) == (replay is None):
        came = "Both were given." if output is not None else "Neither was given."
        raise UsageError(
            "Expected -o FILE, to record, or --replay FILE.",
            came,
            "Try: axemu transcript GUEST -o golden.txt",
        )
    from axemu.transcript.session import record, replay_file  # noqa: PLC0415 - not for --help

    plan, names = plan_of(**options), tuple(only or ())
    if output is not None:
        raise typer.Exit(record(plan, output, names))
    assert replay is not None
    raise typer.Exit(replay_file(plan, replay, names))


def _compare(files: list[Path]) -> int:
    if len(files) != 2:
        raise UsageError(
            "`axemu transcript diff` compares two transcripts: OLD and NEW.",
            f"There {'is' if len(files) == 1 else 'are'} {len(files)}.",
            "A guest folder of that name is ./diff.",
        )
    from axemu.transcript.difference import compare  # noqa: PLC0415

    return compare(files[0], files[1])
