"""What lies at the addresses of an ELF file, told without them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from emu.executions import marks
from emu.symbols import Symbol, SymbolKind, SymbolTable
from isa.contract import Isa

_TEXT: Final = 256  # bytes that are looked at of data without a symbol
_COPY: Final = re.compile(r"\.\d+$")  # what compilers number static names with


@dataclass(frozen=True, slots=True)
class _Section:
    start: int
    end: int
    data: bytes  # empty where it is all zero
    code: bool
    name: str


class Places:
    """Of one file."""

    def __init__(self, path: Path, symbols: SymbolTable, isa: Isa) -> None:
        with path.open("rb") as file:
            elf = ELFFile(file)
            self._sections = sorted(
                (
                    _Section(
                        each["sh_addr"],
                        each["sh_addr"] + each["sh_size"],
                        each.data() if each["sh_type"] != "SHT_NOBITS" else b"",
                        bool(each["sh_flags"] & SH_FLAGS.SHF_EXECINSTR),
                        each.name,
                    )
                    for each in elf.iter_sections()
                    if each["sh_flags"] & SH_FLAGS.SHF_ALLOC
                    and not each["sh_flags"] & SH_FLAGS.SHF_TLS
                    and each["sh_size"]
                ),
                key=lambda each: each.start,
            )
            self._word = elf.elfclass // 8
        self._starts = [each.start for each in self._sections]
        self.symbols = symbols
        self._mark = marks(isa)
        self.order: Literal["little", "big"] = "big" if isa.endian == "big" else "little"
        self._begins = sorted(
            {each.address & ~self._mark for each in symbols if each.kind is not SymbolKind.ABSOLUTE}
        )
        self._told: dict[int, str] = {}

    def _section(self, address: int) -> _Section | None:
        index = bisect_right(self._starts, address) - 1
        found = self._sections[index] if index >= 0 else None
        return found if found is not None and address < found.end else None

    def is_code(self, address: int) -> bool:
        section = self._section(address)
        return section is not None and section.code

    def code_of(self, symbol: Symbol) -> tuple[int, bytes]:
        """Where the code of a function begins, and its bytes."""
        start = symbol.address & ~self._mark
        section = self._section(start)
        if section is None:
            return start, b""
        index = bisect_right(self._begins, start)
        following = self._begins[index] if index < len(self._begins) else section.end
        end = min(start + symbol.size if symbol.size else following, section.end)
        return start, section.data[start - section.start : end - section.start]

    def pointer(self, address: int) -> int | None:
        """The address that a table of addresses (.got) holds there."""
        section = self._section(address)
        if section is None or not section.name.startswith(".got"):
            return None
        start = address - section.start
        value = int.from_bytes(section.data[start : start + self._word], self.order)
        return value or None

    def told(self, address: int) -> str | None:
        """What lies at `address`; None where the file has nothing there."""
        if address not in self._told:
            section = self._section(address)
            if section is None:
                return None
            self._told[address] = f"<{address:#x}>"  # for data that leads back to itself
            self._told[address] = self._tell(address, section)
        return self._told[address]

    def _tell(self, address: int, section: _Section) -> str:
        symbol = self.symbols.at(address | self._mark) if section.code else self.symbols.at(address)
        name = ""
        if symbol is not None:
            name = f"{_COPY.sub('', symbol.name)}+{address - (symbol.address & ~self._mark):#x}"
        if section.code or not section.data:
            return f"<{name or 'unnamed'}>" if name else f"<{address - section.start:#x} of a section>"
        if symbol is not None and symbol.size:
            start = symbol.address - section.start
            return f"<{name} {self._content(section.data[start : start + symbol.size])}>"
        pointer = self.pointer(address)
        if pointer is not None:
            return f"<-> {self.told(pointer) or 'a page'}>"
        start = address - section.start
        text = section.data[start : start + _TEXT].split(b"\0", 1)[0]
        return f"<{name} {sha256(text).hexdigest()[:16]}>"

    def _content(self, data: bytes) -> str:
        """A digest of data, with what its addresses lead to in their place."""
        made = sha256()
        for at in range(0, len(data), self._word):
            piece = data[at : at + self._word]
            told = self.told(int.from_bytes(piece, self.order)) if len(piece) == self._word else None
            made.update(piece if told is None else told.encode())
        return made.hexdigest()[:16]
