"""A listening socket, and a client's."""

from __future__ import annotations

import socket
from typing import Final

from axemu.gdbserver.errors import PortTaken
from axemu.gdbserver.packets import Received, Receiver, framed

UNREAD: Final = 1 << 20
"""Bytes of answers that a client has not taken; with more, it is not listened to."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises PortTaken."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise PortTaken(
            f"Cannot listen at {host}:{port}: {error}.", "", "Name an address of this host."
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(4)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PortTaken(
            f"Cannot listen at {host}:{port}: {reason}.",
            "",
            "Take another port with --port N, or any free one with --port 0.",
        ) from error
    return listener


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
