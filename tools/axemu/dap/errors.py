"""What a client may be refused.

CommandError
└── Refused         a request that cannot be answered as it asks: `kind` is the response's short message
    └── Malformed     a request or message that says nothing
"""

from __future__ import annotations

from axemu.errors import CommandError

RUNNING = "notStopped"
CANCELLED = "cancelled"
"""Short messages that the protocol itself knows."""


class Refused(CommandError):
    """`shown`: the client should put the text before the person's eyes."""

    def __init__(
        self, expected: str, came: str = "", attempt: str = "", *, kind: str = "", shown: bool = False
    ) -> None:
        super().__init__(expected, came, attempt)
        self.kind, self.shown = kind, shown

    def __reduce__(self) -> tuple[object, ...]:
        return (
            type(self),
            (self.expected, self.came, self.attempt),
            {"kind": self.kind, "shown": self.shown},
        )


class Malformed(Refused):
    pass
