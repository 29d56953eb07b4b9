"""Things that the command's tests share: a terminal of their own, and how to start a program on it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from axvcpu.percpu import this

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds; only a failing test waits that long

# Makes standard input the controlling terminal, then becomes the program.
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class OnTerminal:
    """A program on a terminal of its own, as if a person had started it there."""

    def __init__(self, *command: str, stdout: int | None = None) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *command],
            stdin=self.slave,
            stdout=self.slave if stdout is None else stdout,
            stderr=self.slave,
            cwd=ROOT,
            env=environment(),
            start_new_session=True,
        )

    @property
    def mode(self) -> list[object]:
        return termios.tcgetattr(self.slave)

    @property
    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    @property
    def is_stopped(self) -> bool:
        """Suspended, as a shell sees it before it takes the terminal."""
        state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "T"

    def type(self, text: bytes) -> None:
        os.write(self.master, text)

    def read_until(self, text: bytes) -> bytes:
        """All output so far, once `text` is in it."""
        self.wait_for(lambda: text in self.output)
        return self.output

    def wait_for(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            self._take(0.02)
            if time.monotonic() > end:
                raise AssertionError(f"it never came; output so far: {self.output!r}")

    def wait(self) -> int:
        """The exit code, once the program has ended; all its output has been read then."""
        self.wait_for(lambda: self.process.poll() is not None)
        while self._take(0.1):
            pass
        return self.process.returncode

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def _take(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            piece = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += piece
        return bool(piece)


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tools"))),
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "TERM": "xterm",
    }


@pytest.fixture(scope="module", autouse=True)
def _thread_is_no_physical_cpu_afterwards() -> Iterator[None]:
    """A machine that ran in this process made its thread a physical CPU, and other tests need one that is none."""
    yield
    if this.cpu.percpu is not None:
        this.cpu.percpu.close()


@pytest.fixture
def on_terminal() -> Iterator[Callable[..., OnTerminal]]:
    started: list[OnTerminal] = []

    def start(*command: str, stdout: int | None = None) -> OnTerminal:
        started.append(OnTerminal(*command, stdout=stdout))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def axemu() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run the command in a process of its own; input is bytes, or nothing at all."""

    def run(
        *arguments: str, input: bytes | None = None, **more: object
    ) -> subprocess.CompletedProcess[bytes]:
        source: dict[str, object] = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        return subprocess.run(
            [sys.executable, "-m", "axemu", *arguments],
            capture_output="stdout" not in more,
            cwd=ROOT,
            env=environment(),
            timeout=PATIENCE,
            check=False,
            **{**source, **more},
        )

    return run
