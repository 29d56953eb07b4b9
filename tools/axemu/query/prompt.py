"""Questions one after the other: of a person at a terminal, or of a file on standard input."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

import typer

from axemu.query.output import Sink
from emu.errors import EmuError
from emu.trace.query import Trace
from emu.trace.query.question import CLAUSES, FORMS

_ENDS: Final = ("quit", "exit", "q")
_SQL: Final = ("select", "with", "from", "describe", "summarize", "show")
_PROMPT: Final = "trace> "
USAGE: Final = 2


def prompt(trace: Trace, sink: Sink, *, asked: bool) -> int:
    """The exit code: with nobody to correct it, a bad question ends it with 2."""
    if asked:
        with suppress(ImportError):
            import readline  # noqa: F401, PLC0415 - lines can be edited then
        typer.echo("Ask, or `help`; a line that begins with SELECT is SQL. `quit` ends.", err=True)
    while True:
        try:
            line = input(_PROMPT if asked else "").strip()
        except EOFError:
            if asked:
                typer.echo("", err=True)
            return 0
        if line.lower() in _ENDS:
            return 0
        if not line or line.startswith("#"):
            continue
        try:
            _answer(trace, sink, line)
        except EmuError as error:
            typer.echo(f"axemu: {error}", err=True)
            if not asked:
                return USAGE
        sys.stdout.flush()


def _answer(trace: Trace, sink: Sink, line: str) -> None:
    if line.lower() in ("help", "?"):
        width = max(len(usage) for usage in [form.usage for form in FORMS] + [usage for usage, _ in CLAUSES])
        for form in FORMS:
            typer.echo(f"{form.usage:<{width}}  {form.answers}")
        typer.echo("with:")
        for usage, meaning in CLAUSES:
            typer.echo(f"{usage:<{width}}  {meaning}")
    elif line.split(maxsplit=1)[0].lower() in _SQL:
        sink.sql(trace, line)
    else:
        sink.answer(trace.ask(line))
