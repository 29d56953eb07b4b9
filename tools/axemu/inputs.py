"""Where a serial line's input comes from."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from axemu.errors import InputUnreadable
from axemu.escape import Command, EscapeKeys
from axemu.terminal import Terminal

CHUNK = 4096
BACKGROUND = 0.2  # seconds between two looks for the foreground
AHEAD = 1 << 20  # bytes read before the guest takes them


class StoredInput:
    """Input that is all there from the start, so that a run with it can be repeated."""

    live = False

    def __init__(self, data: bytes = b"") -> None:
        self._data, self._position = data, 0

    @classmethod
    def of(cls, path: Path) -> StoredInput:
        """A file's bytes. Raises InputUnreadable."""
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise InputUnreadable.of(path, error, "read the guest's input") from error

    def read(self, limit: int) -> bytes:
        piece = self._data[self._position : self._position + limit]
        self._position += len(piece)
        return piece

    def close(self) -> None:
        pass


class LiveInput:
    """Input that comes while the guest runs: a terminal or a pipe. A thread reads it.

    `live` turns False when the end has come and all has been taken: from then on nothing can ever arrive.
    """

    def __init__(self, fd: int, terminal: Terminal | None, obey: Callable[[Command], None]) -> None:
        """terminal: the one behind `fd`, whose escape keys `obey` is called for (in the reading thread)."""
        self._fd, self._terminal, self._obey = fd, terminal, obey
        self._keys = EscapeKeys()
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._ended = False
        self._closed = False
        self._notify: Callable[[], None] = lambda: None
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._follow, name="console input", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def live(self) -> bool:
        with self._lock:
            return not self._ended or bool(self._pieces)

    def subscribe(self, notify: Callable[[], None]) -> None:
        """`notify` is called whenever bytes or the end have come: in the reading thread, and here where that has
        happened already."""
        with self._lock:
            self._notify = notify
            waiting = bool(self._pieces) or self._ended
        if waiting:
            notify()

    def read(self, limit: int) -> bytes:
        with self._lock:
            if not self._pieces or limit <= 0:
                return b""
            piece = self._pieces.popleft()
            if len(piece) > limit:
                self._pieces.appendleft(piece[limit:])
                piece = piece[:limit]
            self._waiting -= len(piece)
            self._room.notify()
            return piece

    def close(self) -> None:
        """Ends the thread; what the user typed and nobody took stays taken."""
        with self._lock:
            closed, self._closed = self._closed, True
            self._ended = True
            self._room.notify()
        if closed:
            return
        os.write(self._stop_write, b".")
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)
        if not self._thread.is_alive():
            os.close(self._stop_read)
            os.close(self._stop_write)

    def _follow(self) -> None:
        while not self._ended:
            if not self._may_read():
                if select.select([self._stop_read], [], [], BACKGROUND)[0]:
                    return
                continue
            if self._stop_read in select.select([self._fd, self._stop_read], [], [])[0]:
                return
            if not self._may_read():
                continue
            try:
                piece = os.read(self._fd, CHUNK)
            except (InterruptedError, BlockingIOError):
                continue
            except OSError:
                piece = b""  # the terminal hung up
            self._arrive(piece)

    def _may_read(self) -> bool:
        """A terminal is read in raw mode, and in the foreground: elsewhere a read would stop this process."""
        if self._terminal is None:
            return True
        self._terminal.enter()
        return self._terminal.raw and self._terminal.foreground

    def _arrive(self, piece: bytes) -> None:
        end = not piece
        commands: list[Command] = []
        if self._terminal is not None:
            piece, commands = self._keys.feed(piece)
        with self._lock:
            while self._waiting > AHEAD and not self._ended:
                self._room.wait()
            if piece:
                self._pieces.append(piece)
                self._waiting += len(piece)
            self._ended = self._ended or end
            notify = self._notify
        for command in commands:
            self._obey(command)
        if piece or end:
            notify()
