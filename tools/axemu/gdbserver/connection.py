"""A client's socket."""

from __future__ import annotations

import socket
from typing import Final

from axemu.gdbserver.packets import Received, Receiver, framed

UNREAD: Final = 1 << 20
"""Bytes of answers that a client has not taken; with more, it is not listened to."""


class Connection:
    """A client's socket: what has come is taken apart, what is to go waits for room."""

    def __init__(self, link: socket.socket, name: str) -> None:
        self.socket, self.name = link, name
        self.receiver = Receiver()
        self.unread = bytearray()
        self.waiting: list[Received] = []  # came while the guest ran
        self.last = b""

    @property
    def full(self) -> bool:
        return len(self.unread) > UNREAD

    def send(self, data: bytes) -> None:
        self.last = framed(data)
        self.put(self.last)

    def put(self, data: bytes) -> None:
        self.unread += data
        self.flush()

    def flush(self) -> None:
        """Raises OSError where the client has gone."""
        while self.unread:
            try:
                sent = self.socket.send(self.unread)
            except (BlockingIOError, InterruptedError):
                return
            del self.unread[:sent]
