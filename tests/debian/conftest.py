"""Files of real guests, fetched by tools/debian: from its cache, or from the archive once."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
NO_APT, UNREACHABLE = 3, 4  # exit codes of tools/debian
LONGEST = 240.0  # seconds; only what never comes takes that long, or a loaded machine
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """`axemu` with these arguments on a pseudo-terminal, and its near end: types, and reads until something was printed.

    controlling: the terminal is that of the command's session, as for a person; else borrowed.
    """

    def __init__(self, *arguments: str, controlling: bool = True, size: tuple[int, int] = (100, 30)) -> None:
        self._master, self.slave = pty.openpty()
        self._seen, self._from = b"", 0
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        command = [sys.executable, "-m", "axemu", *arguments]
        if controlling:
            command = [sys.executable, "-c", TAKE_TERMINAL, *command]
        ends = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave}
        self.process = subprocess.Popen(command, start_new_session=True, **ends)

    @property
    def text(self) -> str:
        return self._seen.decode("utf-8", "replace")

    def resize(self, columns: int, rows: int) -> None:
        termios.tcsetwinsize(self.slave, (rows, columns))

    def type(self, data: bytes) -> None:
        """All of it, as fast as the far end takes it, reading what comes meanwhile."""
        deadline = time.monotonic() + LONGEST
        while data:
            readable, writable, _ = select.select([self._master], [self._master], [], 1.0)
            if readable:
                self._read(0)
            if writable:
                data = data[os.write(self._master, data[:512]) :]
            assert time.monotonic() < deadline, f"nobody takes what is typed:\n{self.text}"

    def wait_for(self, words: bytes, seconds: float = LONGEST) -> None:
        """Read until the words have come, after what earlier calls waited for."""
        self.wait_for_match(re.escape(words), seconds)

    def wait_for_match(self, pattern: bytes, seconds: float = LONGEST) -> re.Match[bytes]:
        deadline = time.monotonic() + seconds
        while (match := re.compile(pattern).search(self._seen, self._from)) is None:
            assert self._read(deadline - time.monotonic()), (
                f"{pattern!r} did not come within {seconds} s:\n{self.text}"
            )
        self._from = match.end()
        return match

    def wait(self) -> int:
        """The exit code; the terminal must be as it was."""
        deadline = time.monotonic() + LONGEST
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.2)
        assert self.process.poll() is not None, f"it did not end:\n{self.text}"
        assert termios.tcgetattr(self.slave) == self.before, "the terminal was not restored"
        return self.process.returncode

    def close(self) -> None:
        """End it, if it is still there, and read what is left."""
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        while self._read(0.2):
            pass
        os.close(self._master)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(seconds, 0))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the far end is closed
            return False
        self._seen = (self._seen + data).replace(b"\r\r\n", b"\r\n")  # both ends make a line end of two
        return bool(data)


@pytest.fixture
def on_terminal() -> Iterator[Callable[..., Terminal]]:
    """Start `axemu` on a terminal of its own; closed when the test is over."""
    started: list[Terminal] = []

    def start(*arguments: str, **how: object) -> Terminal:
        started.append(Terminal(*arguments, **how))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="session")
def debian_guest() -> Callable[[str], dict[str, Path]]:
    """A function from a guest's name to its files' paths, by file name.

    Skips where there is no apt, and, but never in CI (CI=true), where the archive is out of reach.
    """
    known: dict[str, dict[str, Path]] = {}

    def files(name: str) -> dict[str, Path]:
        if name not in known:
            command = [sys.executable, str(ROOT / "tools" / "debian"), "fetch", name, "--json"]
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=540)
            in_ci = os.environ.get("CI", "").lower() == "true"
            if run.returncode == NO_APT or (run.returncode == UNREACHABLE and not in_ci):
                pytest.skip(run.stderr.strip())
            assert run.returncode == 0, run.stderr
            found = json.loads(run.stdout)[name]["files"]
            known[name] = {file: Path(path) for file, path in found.items()}
        return known[name]

    return files


@pytest.fixture
def opensbi(debian_guest: Callable[[str], dict[str, Path]]) -> dict[str, Path]:
    return debian_guest("opensbi")


@pytest.fixture
def u_boot(debian_guest: Callable[[str], dict[str, Path]]) -> dict[str, Path]:
    return debian_guest("u-boot")
