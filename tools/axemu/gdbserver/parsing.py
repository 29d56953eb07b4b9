"""Arguments of packets: numbers are hex without a prefix, threads are hex, 0 (any) or -1 (all)."""

from __future__ import annotations

import re
from typing import Final

from axemu.gdbserver.errors import Malformed

ANY, ALL = 0, -1
_HEX: Final = re.compile(r"[0-9a-fA-F]{1,40}")
SHOWN: Final = 60


def text_of(data: bytes) -> str:
    return data.decode("latin-1")


def number(text: str) -> int:
    """Raises Malformed."""
    if not _HEX.fullmatch(text):
        raise Malformed("Expected a hex number.", f"Got {text[:SHOWN]!r}.")
    return int(text, 16)


def numbers(text: str, count: int, separators: str = ",") -> list[int]:
    """`count` numbers between separators, which are all taken alike. Raises Malformed."""
    parts = re.split(f"[{re.escape(separators)}]", text)
    if len(parts) != count:
        raise Malformed(f"Expected {count} numbers.", f"Got {text[:SHOWN]!r}.")
    return [number(part) for part in parts]


def thread(text: str) -> int:
    """A thread's number, ANY or ALL; also of the form pPID.TID. Raises Malformed."""
    if text.startswith("p"):
        process, dot, rest = text[1:].partition(".")
        if process != "-1":
            number(process)
        text = rest if dot else "-1"
    return ALL if text == "-1" else number(text)


def hex_bytes(text: str) -> bytes:
    """Raises Malformed."""
    try:
        return bytes.fromhex(text) if " " not in text else _bad(text)
    except ValueError:
        return _bad(text)


def _bad(text: str) -> bytes:
    raise Malformed("Expected pairs of hex digits.", f"Got {text[:SHOWN]!r}.")
