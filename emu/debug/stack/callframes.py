"""Call frame information of one ELF file: .debug_frame and .eh_frame (DWARF 5, 6.4; LSB Core, 10.6).

The entries' heads are read once, when the first address is asked for, into a sorted index; the instructions of an entry
are run for each address that is asked for, and the rules are kept.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from emu.debug.stack.cfi import Cie, Cursor, Order, Rules, read_cie, rules_at

_SPARC = ("EM_SPARC", "EM_SPARC32PLUS", "EM_SPARCV9")
_KEPT = 4096  # rules; then all are dropped


@dataclass(frozen=True, slots=True)
class _Section:
    data: bytes
    address: int
    eh: bool
    order: Order
    word: int


_Entry = tuple[int, int, int, Cie, tuple[int, int]]  # start, end, section, CIE, its instructions


class CallFrames:
    """How to unwind from the addresses of one file. Damaged bytes, or a file that is gone, give nothing, and nothing
    here raises."""

    __slots__ = ("_base", "_entries", "_kept", "_sections", "_source", "_starts", "_windows")

    def __init__(self, data: bytes | Path, base: int = 0) -> None:
        """`base` is what was added to the file's addresses when it was loaded."""
        self._source: bytes | Path | None = data
        self._base = base
        self._sections: list[_Section] = []
        self._starts: list[int] = []
        self._entries: list[_Entry] = []
        self._kept: dict[int, Rules | None] = {}
        self._windows = False

    def __len__(self) -> int:
        """The number of functions, or pieces of them, that it knows."""
        self._index()
        return len(self._starts)

    def rules(self, pc: int) -> Rules | None:
        """The rules at guest-virtual `pc`; None where the file says nothing about it."""
        if pc in self._kept:
            return self._kept[pc]
        self._index()
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        try:
            found = self._rules(pc - self._base)
        except Exception:  # damaged: any error of any conversion
            found = None
        self._kept[pc] = found
        return found

    def _rules(self, address: int) -> Rules | None:
        index = bisect_right(self._starts, address) - 1
        while index >= 0:
            start, end, number, cie, span = self._entries[index]
            if start <= address < end:
                section = self._sections[number]
                return rules_at(
                    cie,
                    section.data,
                    section.order,
                    span,
                    start,
                    address,
                    window_machine=self._windows,
                )
            if index == 0 or self._starts[index - 1] != start:  # one with no length may stand before
                break
            index -= 1
        return None

    def _index(self) -> None:
        if self._source is None:
            return
        source, self._source = self._source, None
        try:
            self._read_sections(source)
        except Exception:  # the ELF reader raises anything at all on damaged bytes
            self._sections = []
        entries = [entry for number in range(len(self._sections)) for entry in self._scan(number)]
        entries.sort(key=itemgetter(0, 1))
        self._entries, self._starts = entries, [entry[0] for entry in entries]

    def _read_sections(self, source: bytes | Path) -> None:
        with closing(io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")) as stream:
            file: Any = ELFFile(stream)
            order: Order = "little" if file.little_endian else "big"
            self._windows = file["e_machine"] in _SPARC
            for name in (".eh_frame", ".debug_frame"):
                section = file.get_section_by_name(name)
                if section is not None and section["sh_type"] != "SHT_NOBITS":
                    address, word = int(section["sh_addr"]), file.elfclass // 8
                    self._sections.append(
                        _Section(bytes(section.data()), address, name == ".eh_frame", order, word)
                    )

    def _scan(self, number: int) -> Iterator[_Entry]:
        """Every FDE of the section, up to the first that is damaged."""
        section = self._sections[number]
        mask = (1 << section.word * 8) - 1
        common: dict[int, Cie] = {}
        cursor = Cursor(section.data, 0, section.order)
        try:
            while cursor.at < len(section.data):
                begin = cursor.at
                size, wide = cursor.number(4), 4
                if size == 0xFFFF_FFFF:
                    size, wide = cursor.number(8), 8
                if not size:
                    continue
                at, end = cursor.at, cursor.at + size
                field = cursor.number(4 if section.eh else wide)
                if field != (0 if section.eh else (1 << wide * 8) - 1):
                    owner = at - field if section.eh else field
                    if owner != begin and (cie := self._common(section, owner, common)) is not None:
                        start = cursor.pointer(cie.encoding, section.address, cie.word) & mask
                        length = cursor.pointer(cie.encoding & 15, 0, cie.word) & mask
                        if cie.augmented:
                            cursor.at += cursor.uleb()
                        yield start, start + length, number, cie, (cursor.at, end)
                cursor.at = end
        except (IndexError, ValueError, OverflowError):
            return

    @staticmethod
    def _common(section: _Section, owner: int, known: dict[int, Cie]) -> Cie | None:
        if owner not in known:
            if not 0 <= owner < len(section.data):
                return None
            cursor = Cursor(section.data, owner, section.order)
            size, wide = cursor.number(4), 4
            if size == 0xFFFF_FFFF:
                size, wide = cursor.number(8), 8
            end = cursor.at + size
            cursor.number(4 if section.eh else wide)
            known[owner] = read_cie(cursor, end, section.address, section.word, eh=section.eh)
        return known[owner]
