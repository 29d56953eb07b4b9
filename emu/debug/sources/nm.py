"""The letters of nm for what a symbol is: of System.map, of /proc/kallsyms, of the kernel's own table.

Source: GNU Binutils, nm(1), the list of symbol types.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Final

from emu.symbols import Symbol, SymbolKind, SymbolTable

ABSOLUTE: Final = "A"
"""A number with a name, whatever it counts."""

_KINDS: Final = {
    **dict.fromkeys("tTwWiI", SymbolKind.FUNCTION),
    **dict.fromkeys("dDbBrRgGsSvVuCc", SymbolKind.OBJECT),
    **dict.fromkeys("nNpe?", SymbolKind.LABEL),
    **dict.fromkeys("aA", SymbolKind.ABSOLUTE),
}
_WEAK: Final = frozenset("wWvVu")  # and unique: global whatever the letter's case
_MEANINGS: Final = {letter: (kind, letter.isupper() or letter in _WEAK) for letter, kind in _KINDS.items()}

LETTERS: Final = frozenset(_KINDS)
"""Every letter of a symbol that is defined; `U` is one that is not."""


def table(rows: Iterable[tuple[str, str, int, int]]) -> SymbolTable:
    """Of rows (letter, name, address, size or 0). Left out is what names nothing for a person: undefined symbols,
    those local to a compiler (.L), mapping symbols ($x).

    A kernel has 200,000 rows: the collector of cycles, which finds none among them, would take half of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return SymbolTable(
            [
                Symbol(name, address, size, *_MEANINGS[letter])
                for letter, name, address, size in rows
                if letter in _MEANINGS and not name.startswith((".L", "$"))
            ]
        )
    finally:
        if collecting:
            gc.enable()
