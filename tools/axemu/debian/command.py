"""The command `python tools/debian`: `fetch NAME...` and `list`.

Exit codes: 0 done; 1 wrong version or checksum, no mirror; 2 usage; 3 no apt here; 4 archive not reachable.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from axemu.debian.cache import Cache, Stored, default_cache
from axemu.debian.errors import GuestError, WrongChecksum
from axemu.debian.guests import GUESTS, find
from axemu.debian.progress import shown

app = typer.Typer(add_completion=False, help="Real guests from Debian's archive, checked and cached.")

CacheFolder = Annotated[Path | None, typer.Option("--cache", help="Cache folder; default: the user's cache.")]


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Guests, as `list` names them.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the files' paths as JSON.")] = False,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Take what the archive has, and print its checksums.")
    ] = False,
    mirror: Annotated[
        str | None, typer.Option(help="Debian mirror; default: the one of apt's sources.")
    ] = None,
    cache: CacheFolder = None,
) -> None:
    """Fetch guests into the cache and print where their files are.

    Example: python tools/debian fetch opensbi u-boot
    """
    store = Cache(cache or default_cache(), mirror)
    guests = [find(name) for name in names]
    with shown() as show:
        found = [store.fetch(guest, any_version=any_version, progress=show) for guest in guests]
    if as_json:
        print(json.dumps({each.guest.name: facts(each) for each in found}, indent=2))
        return
    for each in found:
        for name, path in each.paths.items():
            print(f"{each.guest.name} {each.version} {name}\n  {path}")
            if any_version or not each.guest.pinned:
                print(f"  sha256 {each.sha256[name]}")


def facts(stored: Stored) -> dict[str, object]:
    """A stored guest as plain values."""
    return {
        "version": stored.version,
        "files": {name: str(path) for name, path in stored.paths.items()},
        "sha256": stored.sha256,
    }


@app.command("list")
def list_guests(
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    cache: CacheFolder = None,
) -> None:
    """List the guests and what of them is in the cache."""
    store = Cache(cache or default_cache())
    rows = []
    for guest in GUESTS:
        try:
            stored = store.stored(guest)
            state = "stored" if stored else "not fetched"
        except WrongChecksum:
            state = "changed"
        rows.append((guest, state))
    if as_json:
        table = [
            {
                "name": g.name,
                "package": g.package,
                "suite": g.suite,
                "architecture": g.architecture,
                "version": g.version,
                "files": [f.name for f in g.files],
                "state": state,
            }
            for g, state in rows
        ]
        print(json.dumps(table, indent=2))
        return
    view = Table(title="Guests from Debian's archive")
    for column in ("guest", "package", "version", "files", "state"):
        view.add_column(column, overflow="fold", no_wrap=column in ("guest", "state"))
    for guest, state in rows:
        package = f"{guest.package} ({guest.suite}, {guest.architecture})"
        view.add_row(guest.name, package, guest.version, "\n".join(file.name for file in guest.files), state)
    Console().print(view)


def main() -> int:
    """Run the command; an error of ours becomes one paragraph on stderr and its exit code."""
    try:
        app(standalone_mode=True)
    except GuestError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0
