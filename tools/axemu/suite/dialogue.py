"""The host's end of a serial line for a test that talks with its guest: what came so far, and a look for what it awaits.

Everything follows from what the guest wrote, at the instruction where the machine delivered it, so a dialogue is as
repeatable as the guest.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

WINDOW = 4096  # characters at the end of the console that are looked through at each write; the rest between slices
LIMIT = 16 << 20  # bytes of console


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a dialogue: what was typed, what the guest wrote, and up to which character it was matched."""

    typed: bytes
    written: bytes
    matched: int


class Dialogue:
    """An `emu.device.Channel`. `stop` is called when `awaited` may have come, and when the console is too long."""

    live = False

    def __init__(self) -> None:
        self.position = 0  # of what the guest read, in what was typed; part of a machine's state
        self.stop: Callable[[], None] = lambda: None
        self.awaited: re.Pattern[str] | None = None
        self._typed = b""
        self._forget()

    def _forget(self) -> None:
        self.output = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._return = ""  # a carriage return at the end: what follows says whether it is a line end
        self._parts: list[str] = []
        self._tail = ""  # what is not matched yet, its last WINDOW characters
        self._matched = 0  # characters that belong to earlier matches

    # -- what the machine uses ----------------------------------------------------------------------------------------

    def read(self, limit: int) -> bytes:
        data = self._typed[self.position : self.position + limit]
        self.position += len(data)
        return data

    def write(self, data: bytes) -> None:
        if self.overflowed:
            return
        self.output += data
        self._take(data)
        if self.overflowed or (self.awaited is not None and self.awaited.search(self._tail)):
            self.stop()

    def _take(self, data: bytes) -> None:
        text = self._return + self._decoder.decode(data)
        self._return = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r").replace("\r\n", "\n")
        self._parts.append(text)
        self._tail = (self._tail + text)[-WINDOW:]

    # -- what the test uses -------------------------------------------------------------------------------------------

    @property
    def overflowed(self) -> bool:
        return len(self.output) > LIMIT

    @property
    def text(self) -> str:
        """The whole console; bytes that are no UTF-8 replaced, line ends as newlines."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def unmatched(self) -> str:
        """What came after the last match."""
        return self.text[self._matched :]

    def type(self, data: bytes) -> None:
        """Input for the guest, from now on."""
        self._typed += data

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match after the last one; it is used up then."""
        text = self.text
        found = pattern.search(text, self._matched)
        if found is not None:
            self._matched = found.end()
            self._tail = text[self._matched :][-WINDOW:]
        return found

    def mark(self) -> Mark:
        return Mark(self._typed, bytes(self.output), self._matched)

    def back_to(self, mark: Mark) -> None:
        """The moment of `mark`. How much of it the guest had read is a part of the machine's state."""
        self._forget()
        self._typed = mark.typed
        self.output += mark.written
        self._take(mark.written)
        self._matched = mark.matched
        self._tail = self.text[self._matched :][-WINDOW:]
