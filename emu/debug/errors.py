"""What can be wrong with what a debugger is asked.

    EmuError
    └── DebugError
        ├── Unreadable    guest memory that is not there: address, size, in what
        ├── BadLocation   a place in code that cannot be found
        ├── NotPossible   something that this guest, ISA or moment does not allow
        └── ExpressionError   a text that is no expression, or one that has no value here
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.errors import EmuError


class DebugError(EmuError):
    """Root of this package's errors."""


@dataclass(eq=False)
class Unreadable(DebugError):
    """Nothing is mapped at guest-virtual `address`; `size` bytes were asked for, by the expression `text` if any."""

    address: int
    size: int
    text: str = ""

    def __str__(self) -> str:
        of = f" ({self.text})" if self.text else ""
        return f"Cannot access memory at address {self.address:#x}{of}: nothing is mapped there."


@dataclass(eq=False)
class BadLocation(DebugError):
    """`text` names no place in the guest's code."""

    text: str
    reason: str
    nearest: tuple[str, ...] = ()

    def __str__(self) -> str:
        meant = f" Did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        return f"{self.text}: {self.reason}.{meant}"


@dataclass(eq=False)
class NotPossible(DebugError):
    """`what` cannot be done, because of `reason`; `attempt` says what to try."""

    what: str
    reason: str
    attempt: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}." + (f" {self.attempt}." if self.attempt else "")


@dataclass(eq=False)
class ExpressionError(DebugError):
    """`text` fails at character `position` (from 0), where `expected` was needed; `nearest` names are like the one given."""

    text: str
    position: int
    expected: str
    nearest: tuple[str, ...] = ()

    def __str__(self) -> str:
        start = max(0, self.position - 30)
        shown = self.text[start : start + 60]
        meant = f" Did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        return f"{shown!r}: expected {self.expected} at character {self.position + 1}.{meant}"
