"""System.map and what else has its form: the output of nm, /proc/kallsyms.

A line is an address in hexadecimal, a letter, a name: `ffffffff80000000 T _start`. A size may follow the address (nm
-S), a module in brackets the name (/proc/kallsyms); an undefined symbol has no address. Source: nm(1); Linux,
scripts/mksysmap.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from emu.debug.sources import nm
from emu.errors import LoadError
from emu.symbols import SymbolTable

_ROW: Final = re.compile(
    r"^(?:([0-9a-fA-F]{4,16})(?: ([0-9a-fA-F]{4,16}))?|[ \t]+) ([A-Za-z?]) (\S+)(?:[ \t]+\[\S+\])?[ \t]*\r?$",
    re.MULTILINE,
)
_ADDRESSES: Final = (1 << 64) - 1


def looks_like_map(data: bytes) -> bool:
    """Whether the first line that is not empty is a row of such a table."""
    head = data[:4096].lstrip(b"\r\n").decode("utf-8", "replace")
    return _ROW.match(head.partition("\n")[0]) is not None


def read_map(path: Path, data: bytes, base: int = 0) -> SymbolTable:
    """The symbols with `base` added to their addresses. Raises LoadError at the first line that is none, and where
    every address is 0."""
    text = data.decode("utf-8", "replace")
    rows = _ROW.findall(text)
    if len(rows) != sum(1 for line in text.split("\n") if line.strip()):
        raise _bad_line(path, text)
    defined = [row for row in rows if row[0]]
    if defined and not any(digits.strip("0") for digits, *_ in defined):
        hint = "Read it as root: the kernel hides its addresses from others (kptr_restrict)"
        raise LoadError(path, "a symbol map with addresses", f"{len(defined):,} symbols, all at 0", hint)
    return nm.table(
        (letter, name, int(digits, 16) + (0 if letter in "aA" else base) & _ADDRESSES, int(size or "0", 16))
        for digits, size, letter, name in defined
    )


def _bad_line(path: Path, text: str) -> LoadError:
    bad = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if not _ROW.match(line))
    number, shown = next((each for each in bad if each[1]), (1, text[:60]))
    actual = repr(shown) if len(shown) <= 60 else f"{shown[:60]!r} ..."
    expected = f"an address, a letter and a name in line {number}, as in 'ffffffff80000000 T _start'"
    return LoadError(
        path, expected, actual, "It is damaged or cut off: copy it again, or make it with nm -n FILE"
    )
