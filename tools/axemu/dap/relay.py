"""The terminal's side of a guest's console: keys go to the socket, what comes from it is shown."""

from __future__ import annotations

import os
import select
import socket

from axemu.errors import UsageError
from axemu.escape import HELP_TEXT, Command, EscapeKeys
from axemu.terminal import Terminal

CHUNK = 1 << 16


def relay(place: str) -> int:
    """Until the guest's end, or Ctrl-A x. Raises UsageError."""
    link = socket.socket(socket.AF_UNIX)
    try:
        link.connect(place)
    except OSError as error:
        raise UsageError(
            "--console-at is for terminals that `axemu dap` asks an editor for.",
            f"Cannot connect to '{place}': {error.strerror or error}.",
        ) from error
    terminal, keys = Terminal(0), EscapeKeys()
    with link, terminal.guarded():
        terminal.enter()
        while True:
            ready, _, _ = select.select([0, link.fileno()], [], [])
            if link.fileno() in ready:
                data = link.recv(CHUNK)
                if not data:
                    return 0
                os.write(1, data)
            if 0 in ready:
                typed, commands = keys.feed(os.read(0, CHUNK))
                if typed:
                    link.sendall(typed)
                if Command.LEAVE in commands:
                    return 0
                if Command.HELP in commands:
                    os.write(1, f"\n{HELP_TEXT}".encode())
