"""What goes to the client: a thread writes it, so that no one else waits for a client that reads slowly."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from axemu.dap.framing import Message, encoded

PATIENCE: Final = 2.0  # seconds that `close` waits for the client to take what is left
FULL: Final = 1 << 20  # bytes that wait; with more, output is held back


class Outgoing:
    """Numbers messages and has `write` send them, in order. Any thread may send."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._changed: Final = threading.Condition()
        self._messages: deque[bytes] = deque()
        self._held = 0
        self._sequence = 0
        self._closing = False
        self.lost = False
        """Whether the client has gone."""
        self._thread: Final = threading.Thread(target=self._deliver, name="axemu-dap-out", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        return self._held > FULL

    def send(self, message: Message) -> int:
        """Its number."""
        with self._changed:
            self._sequence += 1
            data = encoded({"seq": self._sequence, **message})
            if not (self._closing or self.lost):
                self._messages.append(data)
                self._held += len(data)
                self._changed.notify()
            return self._sequence

    def event(self, name: str, body: Message | None = None) -> None:
        self.send({"type": "event", "event": name} | ({} if body is None else {"body": body}))

    def output(self, category: str, text: str, **more: Any) -> None:  # noqa: ANN401
        self.event("output", {"category": category, "output": text, **more})

    def close(self) -> None:
        """What was sent before is delivered, as far as the client takes it."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(PATIENCE)

    def _deliver(self) -> None:
        while True:
            with self._changed:
                while not self._messages:
                    if self._closing:
                        return
                    self._changed.wait()
                data = self._messages.popleft()
            try:
                self._write(data)
            except (OSError, ValueError):
                with self._changed:
                    self.lost = True
                    self._messages.clear()
                    self._held = 0
                return
            with self._changed:
                self._held -= len(data)
