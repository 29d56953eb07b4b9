"""What the client has sent and nobody has answered yet. A thread reads; a cancelled request is known before its turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from axemu.dap.framing import Damaged, Message, Receiver

MOST: Final = 10_000
"""Messages that wait; with more, the client is not read."""


class Inbox:
    """`read` gives the next bytes, none at the end; it may raise OSError."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._receiver: Final = Receiver()
        self._changed: Final = threading.Condition()
        self._waiting: deque[Message | Damaged] = deque()
        self._cancelled: set[int] = set()
        self._ended = False
        threading.Thread(target=self._fill, name="axemu-dap-in", daemon=True).start()

    def take(self) -> tuple[Message | Damaged, bool] | None:
        """The next message, and whether it was cancelled; None when the client has gone. Waits."""
        with self._changed:
            while not self._waiting:
                if self._ended:
                    return None
                self._changed.wait()
            message = self._waiting.popleft()
            self._changed.notify_all()
            cancelled = isinstance(message, dict) and message.get("seq") in self._cancelled
            return message, cancelled

    def _fill(self) -> None:
        try:
            while piece := self._read():
                self._put(self._receiver.feed(piece))
        except (OSError, ValueError):
            pass  # the client has gone
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _put(self, messages: list[Message | Damaged]) -> None:
        with self._changed:
            for each in messages:
                self._cancel(each)
                self._waiting.append(each)
            self._changed.notify_all()
            while len(self._waiting) > MOST:
                self._changed.wait()

    def _cancel(self, message: Message | Damaged) -> None:
        if isinstance(message, Damaged) or message.get("command") != "cancel":
            return
        arguments = message.get("arguments")
        number = arguments.get("requestId") if isinstance(arguments, dict) else None
        if any(isinstance(each, dict) and each.get("seq") == number for each in self._waiting):
            assert isinstance(number, int)
            self._cancelled.add(number)
