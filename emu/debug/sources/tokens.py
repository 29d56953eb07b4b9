"""The tokens that kallsyms packs names with, and where they lie in memory.

A name is a row of bytes, each the number of one of 256 tokens. The token of a byte that occurs in names is that
character itself, so the digits are ten tokens in a row, and `0\\0 1\\0 ... 9\\0` finds the table in any kernel. An index
of 256 16-bit offsets follows it, which says where it begins and proves it. Source: Linux, scripts/kallsyms.c,
write_src.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from emu.memory import Bytes

COUNT: Final = 256
_DIGITS: Final = b"".join(b"%d\0" % digit for digit in range(10))
_ZERO: Final = ord("0")
_LONGEST: Final = 1 << 16  # bytes of all tokens: their offsets have 16 bits
_CHUNK: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Tokens:
    """`start` and `end` are offsets in the memory that they were found in, `end` that of the first byte after the
    index."""

    texts: tuple[str, ...]
    start: int
    end: int


def digits(memory: Bytes) -> Iterator[int]:
    """Offsets of what may be the ten tokens of the digits."""
    for begin in range(0, len(memory), _CHUNK):
        part = memory[begin : begin + _CHUNK + len(_DIGITS) - 1].tobytes()
        at = part.find(_DIGITS)
        while at >= 0:
            yield begin + at
            at = part.find(_DIGITS, at + 1)


def tokens_around(memory: Bytes, digits: int, align: int, order: str) -> Tokens | None:
    """The token table with its digits at that offset, if its index, in byte order `order` ("<", ">") at the next
    multiple of `align`, agrees."""
    tail = memory[digits : digits + _LONGEST].tobytes().split(b"\0", COUNT - _ZERO)
    if len(tail) != COUNT - _ZERO + 1:
        return None
    index = digits + sum(len(text) + 1 for text in tail[:-1])
    index += -index % align
    raw = memory[index : index + 2 * COUNT]
    if len(raw) < 2 * COUNT:
        return None
    offsets = raw.view(f"{order}u2").tolist()
    start = digits - offsets[_ZERO]
    if offsets[0] != 0 or start < 0:
        return None
    texts = memory[start:index].tobytes().split(b"\0", COUNT)[:COUNT]
    if list(accumulate((len(text) + 1 for text in texts[:-1]), initial=0)) != offsets:
        return None
    return Tokens(tuple(text.decode("latin-1") for text in texts), start, index + 2 * COUNT)
