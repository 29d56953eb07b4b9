"""`axemu trace query`: what a recorded run did, asked in words or in SQL."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from axemu.errors import UsageError

EXAMPLES = """Ask a recorded trace what a run did. Without a question, a prompt; its `help` lists the questions.

[dim]axemu trace query run.parquet who wrote counter[/]  every access, and where it is in the code
[dim]axemu trace query run.parquet "when was main executed"[/]  how often, first, last, from where
[dim]axemu trace query run.parquet "history of a0 from 1000 to 2000"[/]
[dim]axemu trace query run.parquet "exits where device=uart and reason=mmio-write" --format csv -o exits.csv[/]
[dim]axemu trace query run.parquet --sql "SELECT reason, count(*) FROM exits GROUP BY ALL"[/]

A trace is recorded by `axemu trace --plain GUEST --record all -o run.parquet`.
"""
SHOWN: Final = 50
"""Rows of a table, where --limit does not say."""


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def query(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A trace, as Parquet or Arrow.")],
    question: Annotated[
        list[str] | None,
        typer.Argument(metavar="[QUESTION]", help="Such as: who wrote ADDR.", show_default=False),
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(
            "--sql", metavar="QUERY", help="DuckDB's SQL over trace, insns, regs, mem, exits and other views."
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option("--format", help="Default: by the name of -o, else a table.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=0,
            metavar="N",
            help=f"At most N rows; 0: all. Default: {SHOWN} in a table, else all.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")
    ] = None,
    symbols: Annotated[
        list[str] | None,
        typer.Option("--symbols", metavar="FILE[@BASE]", help="More names: of an ELF file, or a System.map."),
    ] = None,
) -> None:
    words = " ".join(question or ())
    if sql is not None and words:
        raise UsageError("Expected a question or --sql, not both.", f"The question is '{words}'.")
    chosen = format or _by_name(output)
    if chosen is Format.PARQUET and output is None:
        raise UsageError("Parquet is for a file.", attempt="Name it: -o FILE")
    if output is not None and output.exists() and file.exists() and output.samefile(file):
        raise UsageError(f"-o {output} is the trace itself.", attempt="Name another file.")
    from axemu.query.output import Sink  # noqa: PLC0415 - not for --help
    from axemu.query.prompt import prompt  # noqa: PLC0415
    from emu.trace.query import Trace  # noqa: PLC0415

    with Trace(file, tuple(symbols or ())) as trace:
        for warning in trace.warnings:
            typer.echo(f"axemu: {warning}", err=True)
        rows = limit if limit is not None else SHOWN if chosen is Format.TABLE else 0
        with Sink(chosen, output, rows or None) as sink:
            if sql is not None:
                sink.sql(trace, sql)
            elif words:
                sink.answer(trace.ask(words))
            else:
                raise typer.Exit(prompt(trace, sink, asked=sys.stdin.isatty()))


def _by_name(output: Path | None) -> Format:
    if output is None:
        return Format.TABLE
    return next((each for each in Format if output.suffix == f".{each.value}"), Format.TABLE)
