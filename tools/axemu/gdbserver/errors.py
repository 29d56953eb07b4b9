"""What a client may be refused.

CommandError
└── Refused         a packet that cannot be answered as it asks: `number` is what the protocol says of it
    └── Malformed     a packet that says nothing
"""

from __future__ import annotations

from axemu.errors import CommandError


class Refused(CommandError):
    """`number` is an errno, as the replies of GDB's own server have it."""

    number = 1

    def __init__(self, expected: str, came: str = "", attempt: str = "", *, number: int = 1) -> None:
        super().__init__(expected, came, attempt)
        self.number = number

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.expected, self.came, self.attempt), {"number": self.number}


class Malformed(Refused):
    """The packet's text, cut to what a person reads."""

    def __init__(self, what: str, packet: str = "", attempt: str = "", *, number: int = 22) -> None:
        super().__init__(what, packet, attempt, number=number)
