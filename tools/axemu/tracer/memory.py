"""Edits of memory that can be undone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from axemu.errors import UsageError
from emu.debug.debugger import Debugger


@dataclass(frozen=True, slots=True)
class Patch:
    address: int
    before: bytes


@dataclass
class Patches:
    """The edits of one debugger, the last one last."""

    made: list[Patch] = field(default_factory=list)

    def write(self, debugger: Debugger, address: int, data: bytes) -> None:
        """Raises Unreadable, NotPossible."""
        before = debugger.memory.read(address, len(data))
        debugger.memory.write(address, data)
        self.made.append(Patch(address, before))

    def undo(self, debugger: Debugger) -> int:
        """The address whose bytes are as before. Raises UsageError where nothing is left."""
        if not self.made:
            raise UsageError("Nothing to undo: no memory was edited.")
        last = self.made.pop()
        debugger.memory.write(last.address, last.before)
        return last.address


_PATCHES: Final[WeakKeyDictionary[Debugger, Patches]] = WeakKeyDictionary()


def patches(debugger: Debugger) -> Patches:
    return _PATCHES.setdefault(debugger, Patches())


def bytes_of(text: str) -> bytes:
    """`"text"`, or pairs of hexadecimal digits. Raises UsageError."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].encode()
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if not data:
        raise UsageError('Expected bytes in hexadecimal (de ad be ef) or "text".', f"It got {text!r}.")
    return data
