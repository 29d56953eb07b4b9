"""The first serial line on the user's side: an input, an output, and the terminal between them where there is
one."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from axemu.errors import OutputClosed
from axemu.escape import Command
from axemu.inputs import LiveInput, StoredInput
from axemu.outputs import Output
from axemu.terminal import Terminal

STDIN, STDOUT, STDERR = 0, 1, 2


class Console:
    """An `emu.device.Channel`. `transcript`, where given, keeps a copy of what the guest wrote."""

    def __init__(
        self,
        source: StoredInput | LiveInput,
        output: Output,
        terminal: Terminal | None,
        transcript: bytearray | None = None,
    ) -> None:
        self.source, self.output, self.terminal, self.transcript = source, output, terminal, transcript
        self.was_live = source.live  # whether this run's input came at host times

        self._notify: Callable[[], None] = lambda: None

    @property
    def live(self) -> bool:
        return self.source.live

    @property
    def size(self) -> tuple[int, int] | None:
        """Columns and rows of the terminal that is typed at; None where there is none."""
        return self.terminal.size if self.terminal is not None else None

    def subscribe(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        if isinstance(self.source, LiveInput):
            self.source.subscribe(notify)

    def resized(self) -> None:
        """The terminal, if there is one, may have another size. From any thread."""
        if self.terminal is not None:
            self._notify()

    def read(self, limit: int) -> bytes:
        return self.source.read(limit)

    def write(self, data: bytes) -> None:
        if self.transcript is not None:
            self.transcript += data
        self.output.write(data)

    def start(self) -> None:
        """Raw mode where there is a terminal, and the threads."""
        self.output.start()
        if isinstance(self.source, LiveInput):
            if self.terminal is not None:
                self.terminal.enter()
            self.source.start()

    def close(self) -> None:
        """All output delivered, the terminal as it was."""
        self.source.close()
        self.output.close()
        if self.terminal is not None:
            self.terminal.leave()


@contextmanager
def attached(
    *,
    stored: bytes | Path | None,
    output_fd: int,
    keep: bool,
    stop: Callable[[], None],
    obey: Callable[[Command], None],
) -> Iterator[Console]:
    """The console of one run.

    stored: the input, or the file it is in; None takes standard input. keep: keep a transcript. `stop` is
    called when the reader of the output has gone, `obey` for escape keys; both come from other threads.
    Raises OutputClosed where the output was never open, InputUnreadable.
    """
    if not is_open(output_fd):
        name = "Standard output" if output_fd == STDOUT else "Standard error"
        raise OutputClosed(
            f"{name} is closed, and the guest's console needs it.",
            "",
            "Redirect it: axemu run GUEST > console.log",
        )
    output = Output(output_fd, stop)
    transcript = bytearray() if keep else None
    if stored is None and reads_live(STDIN):
        terminal = Terminal(STDIN) if os.isatty(STDIN) else None
        console = Console(LiveInput(STDIN, terminal, obey), output, terminal, transcript)
    else:
        if stored is None and is_open(STDIN) and stat.S_ISREG(os.fstat(STDIN).st_mode):
            stored = sys.stdin.buffer.read()
        source = StoredInput.of(stored) if isinstance(stored, Path) else StoredInput(stored or b"")
        terminal = None
        console = Console(source, output, None, transcript)
    if terminal is None:
        yield from _closing(console)
    else:
        with terminal.guarded():
            yield from _closing(console)


def _closing(console: Console) -> Iterator[Console]:
    try:
        yield console
    finally:
        console.close()


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def reads_live(fd: int) -> bool:
    """True for what may bring bytes at any time: a terminal, a pipe, a socket. A closed descriptor and the
    null device bring none, a file brings all at once."""
    if not is_open(fd):
        return False
    if os.isatty(fd):
        return True
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
