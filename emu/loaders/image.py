"""What a loaded file is, whatever its format: bytes at addresses, an entry, names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntFlag
from pathlib import Path

from emu.symbols import SymbolTable


class Permission(IntFlag):
    """A segment's permissions, in the bits of ELF's p_flags."""

    X = 1
    W = 2
    R = 4

    def __str__(self) -> str:
        return "".join(letter if bit in self else "-" for letter, bit in _LETTERS)


_LETTERS = (("r", Permission.R), ("w", Permission.W), ("x", Permission.X))
ALL = Permission.R | Permission.W | Permission.X


@dataclass(frozen=True, slots=True)
class Segment:
    """`data` at guest-physical `address`, then `zeros` bytes of zero, which are never allocated here."""

    address: int
    data: bytes = field(repr=False)
    zeros: int = 0
    permissions: Permission = ALL

    @property
    def size(self) -> int:
        return len(self.data) + self.zeros

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.address + self.size

    def __str__(self) -> str:
        zeros = f" and {self.zeros:,} of zero" if self.zeros else ""
        return f"{self.address:#x}..{self.end - 1:#x} {self.permissions} {len(self.data):,} bytes{zeros}"


@dataclass(frozen=True, slots=True)
class Image:
    """A guest, firmware or kernel file as it goes into memory.

    isa: the ISA that the file's header names, None where it names none. entry: guest-physical address of
    the first instruction, None where the format has none. A file without addresses of its own (`fixed`
    False: raw, Linux Image) has its only segment at 0 and its entry relative to it, until `at` places it;
    it may ask to lie `offset` bytes above a multiple of `alignment`. reserve: bytes that the program claims
    from its first byte on, where the format says so.
    """

    path: Path
    format: str
    isa: str | None
    entry: int | None
    segments: tuple[Segment, ...]
    symbols: SymbolTable = field(default_factory=SymbolTable, repr=False, compare=False)
    fixed: bool = True
    reserve: int = 0
    offset: int = 0
    alignment: int = 1
    notes: tuple[str, ...] = ()

    @property
    def start(self) -> int:
        """The lowest address."""
        return min(segment.address for segment in self.segments)

    @property
    def end(self) -> int:
        """The first address after everything that the program claims."""
        return max(*(segment.end for segment in self.segments), self.start + self.reserve)

    @property
    def extents(self) -> tuple[tuple[int, int], ...]:
        """(address, bytes) of each stretch that it needs for itself."""
        if self.reserve:
            return ((self.start, self.end - self.start),)
        return tuple((segment.address, segment.size) for segment in self.segments)

    def at(self, address: int) -> Image:
        """This image with its first byte at `address`; symbols stay as linked."""
        delta = address - self.start
        moved = tuple(replace(segment, address=segment.address + delta) for segment in self.segments)
        entry = None if self.entry is None else self.entry + delta
        return replace(self, segments=moved, entry=entry, fixed=True)

    @property
    def description(self) -> tuple[str, ...]:
        """Lines for a person: the format, the entry and where each segment goes."""
        if not self.fixed:
            size = f"{self.end - self.start:,} bytes, no address of its own"
            return (f"{self.path}: {self.format}, {size}", *self.notes)
        entry = "no entry" if self.entry is None else f"entry {self.entry:#x}"
        name = None if self.entry is None else self.symbols.name(self.entry)
        named = f" ({name})" if name else ""
        isa = f" for {self.isa}" if self.isa else ""
        symbols = f", {len(self.symbols):,} symbols" if len(self.symbols) else ""
        lines = [f"{self.path}: {self.format}{isa}, {entry}{named}{symbols}"]
        lines += (f"  {segment}" for segment in self.segments)
        return (*lines, *(f"  {note}" for note in self.notes))
