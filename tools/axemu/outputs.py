"""Where a serial line's output goes: a file descriptor, written by a thread, live and yet in large pieces."""

from __future__ import annotations

import hashlib
import os
import select
import threading
from collections.abc import Callable

GATHER = 0.003  # seconds that a byte may wait for company
BACKLOG = 1 << 20  # bytes that may wait for a slow reader before the guest waits too


class Output:
    """Bytes for a file descriptor, in order. `write` returns at once unless the reader is far behind.

    When the reader has gone (EPIPE, a full disk), `failure` says why, `lost` is called once, in the writing
    thread, and everything later is dropped. `count` is of all bytes that the guest wrote, `digest` over those that
    were delivered.
    """

    def __init__(self, fd: int, lost: Callable[[], None]) -> None:
        self._fd, self._lost = fd, lost
        self._pending = bytearray()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._ending = threading.Event()
        self._hash = hashlib.sha256()
        self._tail = b""
        self.count = 0
        self.failure: OSError | None = None
        self._thread = threading.Thread(target=self._deliver, name="console output", daemon=True)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    @property
    def at_line_start(self) -> bool:
        """Whether what was delivered so far ends a line."""
        return self._tail in (b"", b"\n")

    def start(self) -> None:
        self._thread.start()

    def write(self, data: bytes) -> None:
        with self._lock:  # the same as entering the condition, without its Python code
            self.count += len(data)
            if len(self._pending) > BACKLOG:
                while len(self._pending) > BACKLOG and self.failure is None:
                    self._changed.wait()
            if self.failure is not None:
                return
            if not self._pending:
                self._changed.notify_all()
            self._pending += data

    def close(self) -> None:
        self._ending.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _deliver(self) -> None:
        while True:
            with self._changed:
                while not self._pending and not self._ending.is_set():
                    self._changed.wait()
                if not self._pending:
                    return
            self._ending.wait(GATHER)
            with self._changed:
                piece, self._pending = self._pending, bytearray()
                self._changed.notify_all()
            try:
                write_all(self._fd, piece)
            except OSError as error:
                with self._changed:
                    self.failure = error
                    self._pending.clear()
                    self._changed.notify_all()
                self._lost()
                return
            self._hash.update(piece)
            self._tail = bytes(piece[-1:])


def write_all(fd: int, data: bytes | bytearray) -> None:
    """All of `data`, also to a descriptor that somebody else made non-blocking. Raises OSError."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            select.select([], [fd], [])
