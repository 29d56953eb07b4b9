"""A guest behind `axemu gdb`, and a debugger that is driven by script against it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GUESTS: Final = Path(__file__).resolve().parents[2] / "guests"
GDB, LLDB = "gdb-multiarch", "lldb"
PATIENCE: Final = 120
"""Seconds for a session."""
MOMENT: Final = 0.5
"""Seconds between commands that are typed."""
_LLDB: Final = ("--no-lldbinit", "--no-use-colors")
_PLACE: Final = re.compile(r"GDB server at 127\.0\.0\.1:(\d+)")


class NoServer(Exception):
    """`axemu gdb` has ended before it listened; what it said."""


@dataclass(frozen=True, slots=True)
class Served:
    process: subprocess.Popen[str]
    port: int


def installed(debugger: str) -> bool:
    return shutil.which(debugger) is not None


def version_of(debugger: str) -> str:
    """The first line that it says of itself."""
    ran = subprocess.run([debugger, "--version"], capture_output=True, text=True, check=False)
    return ran.stdout.partition("\n")[0]


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


def gdb(
    port: int, program: Path, *commands: str, connect: str = "target remote", stop: str | None = None
) -> str:
    """What gdb-multiarch says to these commands, once it has connected. A second after it has said `stop` it gets a
    Ctrl-C."""
    begin = ["-batch", "-nx", "-ex", "set confirm off", "-ex", "set width 0", str(program)]
    return _said(GDB, begin, "-ex", [f"{connect} 127.0.0.1:{port}", *commands], stop)


def lldb(port: int, program: Path, *commands: str) -> str:
    """The same of LLDB, which repeats each command and waits for the guest's next stop where it runs."""
    return _said(LLDB, [*_LLDB, "--batch", str(program)], "-o", [_lldb_connect(port), *commands], None)


def lldb_typed(port: int, program: Path, *commands: str) -> str:
    """LLDB as a person has it: the guest may run while the next command is typed, a moment later."""
    with subprocess.Popen(
        [LLDB, *_LLDB, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdin is not None
        try:
            for line in (_lldb_connect(port), *commands, "quit"):
                process.stdin.write(f"{line}\n")
                process.stdin.flush()
                time.sleep(MOMENT)
            return process.communicate(timeout=PATIENCE)[0]
        except (BrokenPipeError, subprocess.TimeoutExpired):
            process.kill()
            return process.communicate()[0]


def _lldb_connect(port: int) -> str:
    return f"gdb-remote 127.0.0.1:{port}"


def _said(
    debugger: str, arguments: Sequence[str], flag: str, commands: Sequence[str], stop: str | None
) -> str:
    words = [word for each in commands for word in (flag, each)]
    with subprocess.Popen(
        [debugger, *arguments, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        said = b""
        try:
            while part := os.read(process.stdout.fileno(), 1 << 16):
                said += part
                if stop is not None and stop.encode() in said:
                    stop = None
                    threading.Timer(1, process.send_signal, (signal.SIGINT,)).start()
        finally:
            late.cancel()
    return said.decode("utf-8", "replace")
