"""Somebody who looks at the sockets while the guest runs: its thread is in native code then and looks at nothing."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self


class Lookout:
    """Between `begin` and `end`, calls `alarm` once, on a thread of its own, when the file descriptor `place` can be
    read or `deadline` (of time.monotonic()) is over. A context manager."""

    def __init__(self, place: int, alarm: Callable[[], None], deadline: float | None = None) -> None:
        self._place, self._alarm, self._deadline = place, alarm, deadline
        self._lock: Final = threading.Lock()
        self._wanted = False
        self._looking = False
        self._closing = False
        self._bell, self._ring = socket.socketpair()
        self._thread: Final = threading.Thread(target=self._watch, name="axemu-gdb-lookout", daemon=True)

    def begin(self) -> None:
        with self._lock:
            self._wanted = True
            if self._looking:
                return
            self._looking = True
        self._ring.send(b".")

    def end(self) -> None:
        with self._lock:
            self._wanted = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._closing = True
        with suppress(OSError):
            self._ring.send(b".")
        self._thread.join()
        self._bell.close()
        self._ring.close()

    def _watch(self) -> None:
        both = select.poll()
        both.register(self._bell, select.POLLIN)
        both.register(self._place, select.POLLIN)
        while True:
            self._bell.recv(64)
            if self._closing:
                return
            both.poll(self._patience())
            with self._lock:
                self._looking = False
                wanted, self._wanted = self._wanted, False
            if wanted and not self._closing:
                self._alarm()

    def _patience(self) -> float | None:
        """Milliseconds to the deadline."""
        return None if self._deadline is None else max(self._deadline - time.monotonic(), 0.0) * 1000
