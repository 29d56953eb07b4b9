"""The guest's serial line between two threads: bounded both ways, so that neither waits for the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

PENDING: Final = 1 << 18  # bytes of output that nobody has looked at yet
TYPED: Final = 1 << 16


class HeldChannel:
    """An `emu.device.Channel`. `stored` input is fed from time 0; without it, what `type` is given arrives live.
    `transcript`: where a copy of all that is written is kept."""

    def __init__(self, stored: bytes | Path | None = None, transcript: bytearray | None = None) -> None:
        self.transcript: Final = transcript
        self._stored = stored.read_bytes() if isinstance(stored, Path) else stored
        self._at = 0
        self._lock: Final = threading.Lock()
        self._output: deque[bytes] = deque()
        self._held = 0
        self._typed = bytearray()
        self._notify: Callable[[], None] = lambda: None
        self.dropped = 0
        self.written = 0
        self.size: tuple[int, int] | None = None

    @property
    def live(self) -> bool:
        return self._stored is None

    def subscribe(self, notify: Callable[[], None]) -> None:
        self._notify = notify

    def read(self, limit: int) -> bytes:
        if self._stored is not None:
            part = self._stored[self._at : self._at + limit]
            self._at += len(part)
            return part
        with self._lock:
            part = bytes(self._typed[:limit])
            del self._typed[:limit]
        return part

    def write(self, data: bytes) -> None:
        with self._lock:
            self.written += len(data)
            if self.transcript is not None:
                self.transcript.extend(data)
            self._output.append(bytes(data))
            self._held += len(data)
            while self._held > PENDING and len(self._output) > 1:
                gone = len(self._output.popleft())
                self._held -= gone
                self.dropped += gone

    def take(self, limit: int) -> bytes:
        """What the guest wrote since the last call: the last `limit` bytes, what is before them is dropped."""
        with self._lock:
            data = b"".join(self._output)
            self._output.clear()
            self._held = 0
            self.dropped += max(len(data) - limit, 0)
        return data[-limit:]

    def type(self, data: bytes) -> bool:
        """Keys for the guest; False where its input comes from a file, or it has not read for long."""
        if self._stored is not None:
            return False
        with self._lock:
            if len(self._typed) + len(data) > TYPED:
                return False
            self._typed += data
        self._notify()
        return True
