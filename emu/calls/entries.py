"""Where functions are known to begin before anything has called them."""

from __future__ import annotations

from collections.abc import Iterator

from emu.executions import entry_of
from emu.symbols import SymbolKind, SymbolTable
from isa.contract import Isa


def entries_of(isa: Isa, symbols: SymbolTable) -> Iterator[int]:
    """Guest-virtual addresses of the functions' first instructions.

    Not of the parts that compilers put elsewhere (`main.cold`): they are jumped into, and out of again.
    """
    for symbol in symbols:
        if symbol.kind is SymbolKind.FUNCTION and ".cold" not in symbol.name:
            yield entry_of(isa, symbol)
