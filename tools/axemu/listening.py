"""Where servers listen."""

from __future__ import annotations

import socket

from axemu.errors import CommandError


class PortTaken(CommandError):
    """The address to listen at is somebody else's, or no address of this host."""


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
