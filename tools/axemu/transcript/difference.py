"""Two transcripts compared, for a person."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console as RichConsole
from rich.text import Text

from axemu.transcript.files import read
from emu.transcript import Entry, Transcript, differences

MOST = 12
"""Lines of one difference that are shown from each side."""


def compare(old_path: Path, new_path: Path) -> int:
    """Print what differs; 0 where nothing does, else 1."""
    old, new = read(old_path), read(new_path)
    screen = RichConsole(highlight=False)
    found = 0
    for each in differences(old, new):
        found += 1
        screen.print(f"[bold]@@ {place(old, each.old)}, {place(new, each.new)}[/]", soft_wrap=True)
        _print(screen, "-", each.removed, "red")
        _print(screen, "+", each.added, "green")
    if not found:
        screen.print(f"The same: {len(old.entries):,} entries. (Their times are not compared.)")
        return os.EX_OK
    screen.print(f"{found:,} difference{'s' if found > 1 else ''}. (Times are not compared.)")
    return 1


def place(transcript: Transcript, index: int) -> str:
    """Where an entry is in its file."""
    if index < len(transcript.lines):
        return f"{transcript.name}:{transcript.lines[index]}"
    return f"{transcript.name}: its end"


def _print(screen: RichConsole, sign: str, entries: tuple[Entry, ...], color: str) -> None:
    for entry in entries[:MOST]:
        screen.print(Text(f"{sign} {entry.line()}", color), soft_wrap=True)
    if len(entries) > MOST:
        screen.print(Text(f"{sign} ... {len(entries) - MOST:,} more", color))
