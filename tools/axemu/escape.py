"""The keys of a raw console: Ctrl-A begins a command, as in QEMU with -nographic; all else goes to the guest.

Bytes in, bytes and commands out: no I/O here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

PREFIX = 0x01  # Ctrl-A


class Command(Enum):
    LEAVE = "x"
    HELP = "h"
    STATUS = "i"
    MONITOR = "c"


HELP_TEXT = """\
Ctrl-A h  this help
Ctrl-A x  leave the guest
Ctrl-A i  where the guest is now
Ctrl-A Ctrl-A  send Ctrl-A to the guest
"""

_KEYS = {ord(command.value): command for command in Command} | {ord("?"): Command.HELP}


@dataclass(slots=True)
class EscapeKeys:
    """Splits typed bytes. The state is whether the last byte was the prefix, so input may be cut anywhere."""

    pending: bool = False

    def feed(self, typed: bytes) -> tuple[bytes, list[Command]]:
        """The bytes for the guest, and the commands, in typing order each. A key that is no command is
        dropped with its prefix."""
        guest = bytearray()
        commands: list[Command] = []
        for byte in typed:
            if not self.pending:
                if byte == PREFIX:
                    self.pending = True
                else:
                    guest.append(byte)
                continue
            self.pending = False
            if byte == PREFIX:
                guest.append(PREFIX)
            elif byte in _KEYS:
                commands.append(_KEYS[byte])
        return bytes(guest), commands
