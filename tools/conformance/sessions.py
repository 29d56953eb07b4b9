"""A guest behind `axemu gdb`, and a debugger that is driven by script against it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GUESTS: Final = Path(__file__).resolve().parents[2] / "guests"
GDB, LLDB = "gdb-multiarch", "lldb"
PATIENCE: Final = 120
"""Seconds for a session."""
_PLACE: Final = re.compile(r"GDB server at 127\.0\.0\.1:(\d+)")


class NoServer(Exception):
    """`axemu gdb` has ended before it listened; what it said."""


@dataclass(frozen=True, slots=True)
class Served:
    process: subprocess.Popen[str]
    port: int


def installed(debugger: str) -> bool:
    return shutil.which(debugger) is not None


def program_of(guest: Path) -> Path:
    """The ELF of a guest's folder."""
    return guest / f"{guest.name}.elf"


@contextmanager
def served(guest: Path, *options: str, words: Sequence[str] = ("gdb", "--port", "0")) -> Iterator[Served]:
    """`axemu gdb GUEST` with these options; another command by `words`. Raises NoServer."""
    name, *rest = words
    command = [sys.executable, "-m", "axemu", name, str(guest), *rest, *options]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                found = _PLACE.search(line)
                if found is not None:
                    break
            else:
                raise NoServer("".join(said))
            yield Served(process, int(found[1]))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def gdb(port: int, program: Path, *commands: str, connect: str = "target remote") -> str:
    """What gdb-multiarch says to these commands, once it has connected."""
    begin = ["-batch", "-nx", "-ex", "set confirm off", "-ex", "set width 0", str(program)]
    return _said(GDB, begin, "-ex", [f"{connect} 127.0.0.1:{port}", *commands])


def lldb(port: int, program: Path, *commands: str) -> str:
    """What LLDB says to these commands, each of which it repeats, once it has connected."""
    begin = ["--batch", "--no-lldbinit", "--no-use-colors", str(program)]
    return _said(LLDB, begin, "-o", [f"gdb-remote 127.0.0.1:{port}", *commands])


def _said(debugger: str, arguments: Sequence[str], flag: str, commands: Sequence[str]) -> str:
    words = [word for each in commands for word in (flag, each)]
    try:
        ran = subprocess.run(
            [debugger, *arguments, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode("utf-8", "replace") + f"\nno end after {PATIENCE} seconds"
    return ran.stdout.decode("utf-8", "replace")
