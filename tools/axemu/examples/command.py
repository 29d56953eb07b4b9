"""`axemu examples`: lists them, or makes one ready and hands it to `axemu run`."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from axemu.debian.cache import Cache, default_cache
from axemu.debian.errors import GuestError
from axemu.debian.guests import find as find_guest
from axemu.debian.progress import shown
from axemu.errors import InputUnreadable
from axemu.examples.example import Example, Setting
from axemu.examples.table import EXAMPLES, find
from axemu.screens import print_json, standard_output, table
from isa.cache import base


def examples(
    name: Annotated[
        str | None, typer.Argument(help="Which one; none lists them.", show_default=False)
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- OPTIONS", help="For `axemu run`: -smp 4, -v ...", show_default=False),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Nobody types: the guest does its work and powers off.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-y", help="Make all ready and print the command that would run.")
    ] = False,
    files: Annotated[
        Path | None, typer.Option("--files", metavar="DIR", help="Only put its files there, for a suite.")
    ] = None,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Take the versions that Debian has now.")
    ] = False,
    mirror: Annotated[
        str | None, typer.Option(metavar="URL", help="Debian mirror; default: the one of apt's sources.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="List them as JSON.")] = False,
) -> None:
    """Run a guest that everybody can have: firmware, Debian's Linux. Fetched once, checked, kept in a cache.

    [dim]axemu examples[/]  what there is
    [dim]axemu examples linux-riscv64[/]  a shell in Debian's kernel
    [dim]axemu examples linux-riscv64 --batch -- -smp 2 -v[/]  no typing; options of `axemu run` after --
    """
    if name is None or json:
        show_list(json)
        return
    example = find(name)
    arguments = prepare(example, batch, Cache(default_cache(), mirror), any_version)
    if files is not None:
        put_files(arguments, files)
        return
    line = shlex.join(["axemu", "run", *arguments, *(options or ())])
    if dry_run:
        print(line)
        return
    Console(stderr=True, highlight=False).print(f"[dim]$ {escape(line)}[/]", soft_wrap=True)
    from axemu.cli import dispatch  # noqa: PLC0415 - which offers this verb

    raise typer.Exit(dispatch(["run", *arguments, *(options or ())]))


def put_files(arguments: Sequence[str], folder: Path) -> None:
    """Copies of the files that the arguments name, by their own names. Raises InputUnreadable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in map(Path, arguments):
            if path.is_file():
                shutil.copyfile(path, folder / path.name)
    except OSError as error:
        raise InputUnreadable.of(folder, error, "put the files there") from error


def prepare(example: Example, batch: bool, cache: Cache, any_version: bool = False) -> list[str]:
    """The arguments of `axemu run`, once everything that they name is there.

    Raises the errors of `axemu.debian`, InputUnreadable.
    """
    files = {}
    with shown() as progress:
        for need in example.needs:
            files[need] = cache.fetch(find_guest(need), any_version=any_version, progress=progress).paths
    terminal = os.get_terminal_size() if sys.stdout.isatty() and sys.stdin.isatty() else None
    folder = base() / "examples" / example.name
    try:
        return example.arguments(Setting(files, folder, batch, terminal))
    except OSError as error:
        raise InputUnreadable.of(error.filename or folder, error, "make the example ready") from error


def show_list(as_json: bool) -> None:
    cache = Cache(default_cache())
    rows = [(each, state(each, cache)) for each in EXAMPLES]
    if as_json:
        print_json(
            [{"name": e.name, "summary": e.summary, "needs": list(e.needs), "state": s} for e, s in rows]
        )
        return
    listing = table("NAME", "SUMMARY", "STATE")
    for example, text in rows:
        listing.add_row(f"[bold]{example.name}[/]", escape(example.summary), text)
    screen = standard_output()
    screen.print(listing)
    screen.print("Run one: axemu examples NAME; with --batch nobody needs to type.")


def state(example: Example, cache: Cache) -> str:
    """Whether a run of it would download."""
    try:
        missing = [need for need in example.needs if cache.stored(find_guest(need)) is None]
    except GuestError:
        return "a cached file was changed"
    return f"downloads {', '.join(missing)}" if missing else "ready"
