"""Packets out of bytes and back. No I/O: bytes come in pieces of any size, events go out.

A packet is ``$`` data ``#`` and two hex digits, the sum of the data's bytes modulo 256. In data, ``}`` says that the
next byte is to be taken xor 0x20. What lies between packets is an answer to the last one (``+``, ``-``), the byte 0x03
(stop), or noise, which is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

SIZE: Final = 0x20000
"""The most bytes of a packet's data, in both directions."""
MOST_READ: Final = SIZE // 2 - 16
"""The most bytes that are read with one packet."""
INTERRUPT: Final = 0x03
_ESCAPE, _FLIP = 0x7D, 0x20
_SPECIAL: Final = frozenset(b"$#}*")
_PAIR: Final = re.compile(rb"\}(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Packet:
    """`data` as it was meant: no escape is left in it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Damaged:
    """A packet whose sum was wrong."""


@dataclass(frozen=True, slots=True)
class Oversized:
    """A packet of more than SIZE bytes; they were not kept."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The client wants the guest to stop."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The client has not understood the last packet."""


Received: TypeAlias = Packet | Damaged | Oversized | Interrupt | Repeat


def escaped(data: bytes) -> bytes:
    """Any bytes as a packet may hold them."""
    if not _SPECIAL.intersection(data):
        return data
    made = bytearray()
    for byte in data:
        if byte in _SPECIAL:
            made += bytes((_ESCAPE, byte ^ _FLIP))
        else:
            made.append(byte)
    return bytes(made)


def unescaped(data: bytes) -> bytes:
    return _PAIR.sub(lambda pair: bytes((pair[1][0] ^ _FLIP,)), data) if b"}" in data else data


def framed(data: bytes) -> bytes:
    """The packet of `data`, which is escaped already."""
    return b"$%b#%02x" % (data, sum(data) & 0xFF)


class Receiver:
    """Takes a client's bytes. `verify`: sums are looked at (not once acknowledgements are off)."""

    def __init__(self) -> None:
        self.verify = True
        self._data: bytearray | None = None  # of the packet that has begun
        self._sum: bytearray | None = None  # its digits so far
        self._too_long = False

    def feed(self, piece: bytes) -> list[Received]:
        """What is complete with this piece."""
        found: list[Received] = []
        at = 0
        while at < len(piece):
            if self._sum is not None:
                self._sum.append(piece[at])
                at += 1
                if len(self._sum) == 2:
                    found.append(self._complete())
            elif self._data is not None:
                at = self._collect(piece, at)
            else:
                at = self._between(piece, at, found)
        return found

    def _between(self, piece: bytes, at: int, found: list[Received]) -> int:
        byte = piece[at]
        if byte == ord("$"):
            self._data, self._too_long = bytearray(), False
        elif byte == INTERRUPT:
            found.append(Interrupt())
        elif byte == ord("-"):
            found.append(Repeat())
        return at + 1

    def _collect(self, piece: bytes, at: int) -> int:
        assert self._data is not None
        end = piece.find(b"#", at)
        part = piece[at : end if end >= 0 else len(piece)]
        begun = part.rfind(b"$")
        if begun >= 0:  # never inside a packet: the one before was broken off
            self._data, self._too_long, part = bytearray(), False, part[begun + 1 :]
        if self._too_long or len(self._data) + len(part) > SIZE + 64:
            self._too_long = True
            self._data.clear()
        else:
            self._data += part
        if end < 0:
            return len(piece)
        self._sum = bytearray()
        return end + 1

    def _complete(self) -> Received:
        assert self._data is not None
        assert self._sum is not None
        data, digits, long = bytes(self._data), bytes(self._sum), self._too_long
        self._data = self._sum = None
        if long:
            return Oversized()
        if self.verify:
            try:
                right = int(digits, 16) == sum(data) & 0xFF
            except ValueError:
                right = False
            if not right:
                return Damaged()
        return Packet(unescaped(data))
