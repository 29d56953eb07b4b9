"""The user's terminal in raw mode, and its way back, whatever happens to this process.

Raw mode is QEMU's for -nographic: every key reaches the reader at once and unechoed, Ctrl-C and Ctrl-Z
included; output processing stays on, so that messages of ours need no carriage returns. The way back has
three doors: `leave` on every ordinary end, the signal watcher (`signals.py`) for signals, and a guard process
for an end that runs no code of ours: a crash in native code, or SIGKILL.
"""

from __future__ import annotations

import errno
import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


class Terminal:
    """A terminal by file descriptor. `enter` and `leave` may be called in any order, any number of times."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._before: list[Any] | None = None

    @property
    def raw(self) -> bool:
        return self._before is not None

    @property
    def foreground(self) -> bool:
        """True where this process may read the terminal and set its mode without being stopped for it.

        A terminal that is not this session's own (ENOTTY) stops nobody.
        """
        try:
            return os.tcgetpgrp(self.fd) == os.getpgrp()
        except OSError as error:
            return error.errno == errno.ENOTTY and os.isatty(self.fd)

    @property
    def size(self) -> tuple[int, int] | None:
        """Columns and rows; None where the terminal does not know, or is gone."""
        try:
            columns, rows = os.get_terminal_size(self.fd)
        except OSError:
            return None
        return (columns, rows) if columns and rows else None

    def enter(self) -> None:
        """Raw mode, where this process is in the foreground; else nothing."""
        if self._before is not None or not self.foreground:
            return
        try:
            before = termios.tcgetattr(self.fd)
            termios.tcsetattr(self.fd, termios.TCSANOW, raw_mode(before))
        except termios.error:
            return
        self._before = before

    def resume(self) -> None:
        """Raw mode again after this process was stopped and continued, whatever its shell did to the terminal
        meanwhile."""
        before = self._before
        if before is None:
            self.enter()
        elif self.foreground:
            with suppress(termios.error):
                termios.tcsetattr(self.fd, termios.TCSANOW, raw_mode(before))

    def leave(self) -> None:
        """The mode that `enter` found. Pending output is sent first."""
        before, self._before = self._before, None
        if before is not None:
            restore(self.fd, before)

    @contextmanager
    def guarded(self, farewell: bytes = b"") -> Iterator[None]:
        """Whatever the body does, the terminal ends in the mode that it has now; where the body's process dies,
        `farewell` is sent to it. Enter before threads are started: forks."""
        try:
            guard = _Guard(self.fd, termios.tcgetattr(self.fd), farewell) if self.foreground else None
        except termios.error:
            guard = None
        try:
            yield
        finally:
            self.leave()
            if guard is not None:
                guard.dismiss()


def raw_mode(before: list[Any]) -> list[Any]:
    """The attributes of raw mode made from those of an ordinary one (termios(3)); `before` is not changed."""
    mode = [*before[:_CC], list(before[_CC])]
    mode[_IFLAG] &= ~(
        termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
        | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
    )  # fmt: skip
    mode[_OFLAG] |= termios.OPOST
    mode[_CFLAG] = mode[_CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    mode[_LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
    mode[_CC][termios.VMIN], mode[_CC][termios.VTIME] = 1, 0
    return mode


def restore(fd: int, mode: list[Any]) -> None:
    """Set `mode`; also from the background, where setting it would stop this process (SIGTTOU)."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        termios.tcsetattr(fd, termios.TCSADRAIN, mode)
    except termios.error:
        pass  # the terminal is gone (hang-up): nothing is left to restore
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


class _Guard:
    """A child process that waits for this one's end. A byte on the pipe dismisses it; end of file without one
    means that this process died, and the child restores the terminal."""

    def __init__(self, fd: int, mode: list[Any], farewell: bytes) -> None:
        reading, self._writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._writing)
            _outlive(reading, fd, mode, farewell)
        os.close(reading)

    def dismiss(self) -> None:
        with suppress(OSError):  # somebody killed the guard
            os.write(self._writing, b".")
        os.close(self._writing)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _outlive(reading: int, fd: int, mode: list[Any], farewell: bytes) -> None:
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        for inherited in (1, 2):  # a reader of our output must see its end when we end
            if inherited != fd:
                os.close(inherited)
        if not os.read(reading, 1):
            restore(fd, mode)
            if farewell:
                os.write(fd, farewell)
    finally:
        os._exit(0)
