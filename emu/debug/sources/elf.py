"""The symbols and lines of an ELF executable that the machine was not loaded with: a vmlinux, a user program.

Unlike a guest (`emu.loaders.elf`) it may be for an operating system, and for any ISA: a kernel of 64 bits runs
programs of 32.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emu.loaders.dwarf import DwarfLines
from emu.loaders.elf import check_executable
from emu.loaders.elfsymbols import symbols
from emu.loaders.elftables import ElfTables, well_formed
from emu.symbols import Symbol, SymbolKind, SymbolTable


def read_elf(path: Path, data: bytes, base: int = 0) -> SymbolTable:
    """Symbols, none where it was stripped, and the lookup of lines, with `base` added to the link addresses. Raises
    LoadError: damaged, or no executable."""
    with well_formed(path):
        return _read(path, data, base)


def _read(path: Path, data: bytes, base: int) -> SymbolTable:
    file = ElfTables.read(path, data)
    check_executable(file)
    found = symbols(file) if base == 0 else (_moved(symbol, base, file.bits) for symbol in symbols(file))
    if all(file.section_name(section) != ".debug_line" for section in file.sections):
        return SymbolTable(found)
    lines = DwarfLines(data)
    return SymbolTable(found, (lambda address: lines.line(address - base),))


def _moved(symbol: Symbol, base: int, bits: int) -> Symbol:
    """As loaded `base` higher; addresses wrap at the file's width, so that a move down can be said too."""
    if symbol.kind is SymbolKind.ABSOLUTE:
        return symbol
    mask = (1 << bits) - 1
    bound = None if symbol.bound is None else (symbol.bound + base) & mask
    return replace(symbol, address=(symbol.address + base) & mask, bound=bound)
