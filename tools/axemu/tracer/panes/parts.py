"""Pieces of lines that several panes show."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Chain
from axemu.tracer.palette import Palette


def add_chain(line: Text, chain: Chain, palette: Palette) -> None:
    """`-> <main+4> addi sp, sp, -16`, link by link."""
    styles = {
        "code": palette.code,
        "data": palette.symbol,
        "string": palette.string,
        "number": palette.number,
    }
    for link in chain:
        line.append(" → " if link.kind == "number" else " ", palette.faint)
        line.append(link.text, styles[link.kind])


def short_time(nanoseconds: int) -> str:
    """In at most 10 cells, to the nanosecond while it can be."""
    if nanoseconds < 1000:
        return f"{nanoseconds} ns"
    if nanoseconds < 100_000_000:
        return f"{nanoseconds / 1000:.3f}us"
    return f"{nanoseconds / 1e9:.6f}"[:9] + "s"


def guest_time(nanoseconds: int) -> str:
    """With the unit that fits: 12.345678 ms."""
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.6f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{nanoseconds} ns"
