"""Numbers as people write them on a command line: sizes, addresses, counts, durations."""

from __future__ import annotations

import re
from fractions import Fraction

from axemu.errors import UsageError

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_SECONDS = {
    "": Fraction(1),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_FLAGS = re.IGNORECASE | re.ASCII
_SIZE = re.compile(r"(?P<number>0x[0-9a-f]+|\d+(\.\d+)?)(?P<unit>[bkmgt]?)(i?b)?", _FLAGS)
_COUNT = re.compile(r"(?P<number>0x[0-9a-f]+|\d[\d_]*(\.\d+)?(e\d{1,2})?)(?P<unit>[kmg]?)", _FLAGS)
_DURATION = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>ms|[smh]?)", _FLAGS)
_ADDRESS = re.compile(r"0x[0-9a-f_]+|\d+", _FLAGS)
_LARGEST = 1 << 63  # a value from here on is a slip, and does not fit where these go


def size(text: str, option: str, default_unit: str = "b") -> int:
    """Bytes from "512M", "4G", "0x1000"; K, M, G, T are powers of 1024. A bare decimal counts in
    `default_unit`.

    Raises UsageError for anything else, for zero, and for a fraction of a byte.
    """
    match = _SIZE.fullmatch(text.strip())
    if match:
        unit = match["unit"].lower()
        hexadecimal = match["number"][:2].lower() == "0x"
        value = _whole(match["number"], _UNITS[unit if hexadecimal else unit or default_unit])
        if value is not None:
            return value
    raise UsageError(
        f"{option} expects a size greater than zero, such as 512M, 4G or 0x100000.", f"It got '{text}'."
    )


def address(text: str, option: str) -> int:
    """A guest address: 0x-prefixed hexadecimal or decimal, below 2**64. Raises UsageError."""
    stripped = text.strip()
    if _ADDRESS.fullmatch(stripped):
        try:
            value = int(stripped, 0)
        except ValueError:  # leading zeros, a trailing underscore
            value = -1
        if 0 <= value < 1 << 64:
            return value
    raise UsageError(f"{option} expects an address such as 0x80000000.", f"It got '{text}'.")


def count(text: str, option: str) -> int:
    """A number of things from "1000000", "10M", "2e9"; k, M, G are powers of 1000. Raises UsageError."""
    match = _COUNT.fullmatch(text.strip())
    if match:
        value = _whole(match["number"].replace("_", ""), _COUNTS[match["unit"].lower()])
        if value is not None:
            return value
    raise UsageError(
        f"{option} expects a whole number greater than zero, such as 1000000, 10M or 2e9.",
        f"It got '{text}'.",
    )


def duration(text: str, option: str) -> float:
    """Seconds from "10", "1.5s", "500ms", "2m". Raises UsageError, also for zero."""
    match = _DURATION.fullmatch(text.strip())
    if match:
        value = Fraction(match["number"]) * _SECONDS[match["unit"].lower()]
        if 0 < value < _LARGEST:
            return float(value)
    raise UsageError(
        f"{option} expects a time greater than zero, such as 10, 1.5s, 500ms or 2m.", f"It got '{text}'."
    )


def _whole(number: str, scale: int) -> int | None:
    """`number` times `scale` where that is a whole number greater than zero and not absurd."""
    value = Fraction(int(number, 16) if number[:2].lower() == "0x" else number) * scale
    return int(value) if value.denominator == 1 and 0 < value < _LARGEST else None


def show_size(value: int) -> str:
    """Bytes in the largest unit that divides them: 134217728 is "128 MiB"."""
    for name, scale in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= scale and value % scale == 0:
            return f"{value // scale} {name}"
    return f"{value} bytes"


def show_time(nanoseconds: int) -> str:
    """Guest time for a person: four significant digits and a unit."""
    for name, scale in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if nanoseconds >= scale:
            return f"{nanoseconds / scale:.4g} {name}"
    return f"{nanoseconds} ns"
