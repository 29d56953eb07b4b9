"""What commands print on a terminal, drawn."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

_MOVES: Final = re.compile(r"(\n|\r|\x1b\[1A|\x1b\[2K|\x1b\[\?25[lh])")
_CURSOR: Final = ("\x1b[?25l", "\x1b[?25h")
HEIGHT = 200
LONGEST = 600  # seconds


class CommandFailed(Exception):
    """A command ended with an exit code that was not expected."""


def printed(command: str, folder: Path, width: int, expected: int = 0) -> str:
    """What `axemu ...` prints there on a terminal of `width` columns. Raises CommandFailed."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, width, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(width)}
    process = subprocess.Popen(
        ["bash", "-c", f'axemu() {{ "{sys.executable}" -m axemu "$@"; }}; {command}'],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=far,
        stderr=far,
    )
    os.close(far)
    found = bytearray()
    while True:
        try:
            data = os.read(near, 1 << 16)
        except OSError:  # the far end is closed
            break
        found += data
    os.close(near)
    code = process.wait(LONGEST)
    text = settled(found.decode(errors="replace"))
    if code != expected:
        raise CommandFailed(f"'{command}' ended with {code}, not with {expected}:\n{text}")
    return text


def settled(text: str) -> str:
    """What stays on the screen of a command that draws lines again, and moves by lines only."""
    lines, at, anew = [""], 0, False
    for part in _MOVES.split(text.replace("\r\n", "\n")):
        match part:
            case "\n":
                at, anew = at + 1, False
                if at == len(lines):
                    lines.append("")
            case "\r":
                anew = True
            case "\x1b[1A":
                at = max(at - 1, 0)
            case "\x1b[2K":
                lines[at] = ""
            case _ if part and part not in _CURSOR:
                lines[at] = part if anew else lines[at] + part
                anew = False
    return "\n".join(lines)


def drawn(title: str, width: int, parts: Sequence[tuple[str, str]], most: int) -> str:
    """Commands with what they print, as SVG; of each at most `most` lines."""
    console = Console(
        record=True,
        width=width,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    for number, (command, output) in enumerate(parts):
        if number:
            console.print()
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")), soft_wrap=True)
        lines = output.rstrip("\n").split("\n")
        for line in lines[:most]:
            console.print(Text.from_ansi(line), overflow="fold")
        if len(lines) > most:
            console.print(Text("...", "dim"))
    return console.export_svg(title=title)
