"""Bytes to messages and back: a header with Content-Length, an empty line, JSON in UTF-8.

No I/O. What is damaged becomes a `Damaged` with a sentence; the messages after it are read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Message: TypeAlias = dict[str, Any]
LONGEST: Final = 64 << 20  # bytes of one message
_LONGEST_HEADER: Final = 8192
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(
    rb"(?:^|\r\n)content-length[ \t]*:[ \t]*(\d{1,20})[ \t]*(?:\r\n|$)", re.IGNORECASE
)
_START: Final = b"content-length"
SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Damaged:
    """`text` is a sentence for a person."""

    text: str


def encoded(message: Message) -> bytes:
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Receiver:
    """Takes pieces of any size; gives what they complete."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._wanted: int | None = None  # bytes of the body that comes
        self._skipped = 0  # bytes that still belong to a message that is too long
        self._lost = False  # between messages, after a header that is none

    def feed(self, piece: bytes) -> list[Message | Damaged]:
        self._bytes += piece
        found: list[Message | Damaged] = []
        while True:
            each = self._next()
            if each is None:
                return found
            found.append(each)

    def _next(self) -> Message | Damaged | None:
        while True:
            if self._skipped:
                gone = min(self._skipped, len(self._bytes))
                del self._bytes[:gone]
                self._skipped -= gone
                if self._skipped:
                    return None
            if self._wanted is not None:
                return self._body(self._wanted)
            damaged = self._header()
            if damaged is not None:
                return damaged
            if self._wanted is None and not self._skipped:
                return None

    def _header(self) -> Damaged | None:
        """Reads one, if it is there: then a body is wanted, or bytes are to be skipped."""
        if self._lost and not self._find_start():
            return None
        end = self._bytes.find(_END)
        if end < 0:
            return self._lose() if len(self._bytes) > _LONGEST_HEADER or self._is_none() else None
        length = _LENGTH.search(bytes(self._bytes[:end])) if end <= _LONGEST_HEADER else None
        if length is None:
            return self._lose()
        del self._bytes[: end + len(_END)]
        size = int(length[1])
        if size > LONGEST:
            self._skipped = size
            return Damaged(f"Expected a message of at most {LONGEST:,} bytes. Its header says {size:,}.")
        self._wanted = size
        return None

    def _is_none(self) -> bool:
        """Whether what has come cannot become a header."""
        start = bytes(self._bytes[:1])
        return bool(start) and not start.isalpha()

    def _lose(self) -> Damaged:
        shown = bytes(self._bytes[:SHOWN])
        self._lost = True
        del self._bytes[:1]
        return Damaged(f"Expected a header 'Content-Length: N' and an empty line. It got {shown!r}.")

    def _find_start(self) -> bool:
        """Skip to where a header may begin."""
        at = bytes(self._bytes).lower().find(_START)
        if at < 0:
            del self._bytes[: max(len(self._bytes) - len(_START), 0)]
            return False
        del self._bytes[:at]
        self._lost = False
        return True

    def _body(self, size: int) -> Message | Damaged | None:
        if len(self._bytes) < size:
            return None
        body = bytes(self._bytes[:size])
        del self._bytes[:size]
        self._wanted = None
        try:
            message = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            return Damaged(f"Expected a message in JSON. It got {body[:SHOWN]!r}: {error}.")
        if not isinstance(message, dict):
            return Damaged(f"Expected a JSON object as message. It got {body[:SHOWN]!r}.")
        return message
