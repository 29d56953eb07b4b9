"""Names to entries without an index.

Theory: a name is once in .debug_str, and an entry that has it holds the offset of that text (or, DWARF 5's strx, the
number of it in the unit's part of .debug_str_offsets). Both are a few bytes to look for, which the C library does at
gigabytes a second; what is found is an entry only where an abbreviation with the right tag puts its name at that very
place, and where the unit's outline has it. So the first question to a kernel costs a scan of its .debug_info, and
nothing must be kept, kept fresh, or thrown away.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Final

from emu.debug.info.codes import At, Form
from emu.debug.info.dies import Abbreviation, Damaged, Die, Unit, Units, fixed_size
from emu.debug.info.sections import Section
from emu.leb128 import uleb

_MOST_TEXTS: Final = 64  # longer texts that end with a name, each of which is a scan
_INDEXED: Final = {Form.STRX1: 1, Form.STRX2: 2, Form.STRX3: 3, Form.STRX4: 4}


def entries(units: Units, name: str, tags: frozenset[int]) -> Iterator[Die]:
    """Entries at the outermost level of their units (or in a namespace) with exactly that name and one of `tags`."""
    wanted = name.encode()
    for unit, offset in _places(units, wanted, tags):
        try:
            die = unit.die(offset)
            if die.tag in tags and die.text(At.NAME) == name and offset in unit.holders:
                yield die
        except (Damaged, IndexError):
            continue


def _places(units: Units, wanted: bytes, tags: frozenset[int]) -> Iterator[tuple[Unit, int]]:
    text = units.sections.section(".debug_str")
    layouts = _Layouts(units, tags)
    for start in _texts(text, wanted):
        for width in (4, 8):
            needle = start.to_bytes(width, units.order)
            for position in units.info.all(needle):
                unit = units.at(position)
                if unit is not None and unit.offset_size == width:
                    yield from layouts.before(unit, Form.STRP, position)
            yield from _by_number(units, layouts, needle)
            if units.list and all(unit.offset_size == 4 for unit in units.list[:1]):
                break
    for position in units.info.all(wanted + b"\0"):
        unit = units.at(position)
        if unit is not None:
            yield from layouts.before(unit, Form.STRING, position)


def _texts(section: Section, wanted: bytes) -> list[int]:
    """Offsets of the text in a section of texts. Linkers keep a text inside one that ends with it (gABI, SHF_STRINGS);
    where it is there by itself, it is looked for there alone."""
    inside: list[int] = []
    for position in section.all(wanted + b"\0"):
        if not position or section.view[position - 1] == 0:
            return [position]
        if len(inside) < _MOST_TEXTS:
            inside.append(position)
    return inside


def _by_number(units: Units, layouts: _Layouts, needle: bytes) -> Iterator[tuple[Unit, int]]:
    section = units.sections.section(".debug_str_offsets")
    if not section.size:
        return
    starts, holders = layouts.offsets
    for position in section.all(needle):
        place = bisect_right(starts, position) - 1
        if place < 0 or (position - starts[place]) % len(needle):
            continue
        for unit in holders[place]:
            number = (position - starts[place]) // len(needle)
            for offset in layouts.numbered(unit, number):
                yield unit, offset


class _Layouts:
    """Where abbreviations of the wanted tags put the name: (code as bytes, bytes between it and the name, form)."""

    def __init__(self, units: Units, tags: frozenset[int]) -> None:
        self._units, self._tags = units, tags
        self._known: dict[int, tuple[tuple[bytes, int, int], ...]] = {}
        self._offsets: tuple[list[int], list[list[Unit]]] | None = None

    @property
    def offsets(self) -> tuple[list[int], list[list[Unit]]]:
        """Where the units' parts of .debug_str_offsets begin, in order, and whose they are."""
        if self._offsets is None:
            parts: dict[int, list[Unit]] = {}
            for unit in self._units.list:
                try:
                    if unit.version >= 5:
                        parts.setdefault(unit.string_offsets, []).append(unit)
                except (Damaged, IndexError):
                    continue
            starts = sorted(parts)
            self._offsets = starts, [parts[start] for start in starts]
        return self._offsets

    def of(self, unit: Unit) -> tuple[tuple[bytes, int, int], ...]:
        key = id(unit.table)
        found = self._known.get(key)
        if found is None:
            found = tuple(
                each
                for code, row in unit.table.items()
                if row.tag in self._tags and (each := _layout(unit, code, row)) is not None
            )
            self._known[key] = found
        return found

    def before(self, unit: Unit, form: int, position: int) -> Iterator[tuple[Unit, int]]:
        """Entries whose name, in that form, is at `position`."""
        view = self._units.info.view
        for code, between, held in self.of(unit):
            offset = position - between - len(code)
            if held == form and offset >= unit.first and view[offset : offset + len(code)] == code:
                yield unit, offset

    def numbered(self, unit: Unit, number: int) -> Iterator[int]:
        """Entries whose name is text `number` of the unit."""
        choices: list[bytes] = []
        for code, between, held in self.of(unit):
            if held in _INDEXED and number < 1 << 8 * _INDEXED[Form(held)]:
                value = number.to_bytes(_INDEXED[Form(held)], self._units.order)
            elif held == Form.STRX:
                value = uleb(number)
            else:
                continue
            choices.append(re.escape(code) + b".{%d}" % between + re.escape(value))
        if not choices:
            return
        body = self._units.info.view[unit.first : unit.end]
        for match in re.finditer(b"(?=" + b"|".join(choices) + b")", body, re.DOTALL):
            yield unit.first + match.start()


def _layout(unit: Unit, code: int, row: Abbreviation) -> tuple[bytes, int, int] | None:
    between = 0
    for attribute, form, _ in row.attributes:
        if attribute == At.NAME:
            return uleb(code), between, form
        size = fixed_size(form, unit.address_size, unit.offset_size, unit.version)
        if size is None:
            return None
        between += size
    return None


def symbol_addresses(units: Units, name: str) -> list[int]:
    """Addresses (as linked) of the ELF symbols of that name, or with a compiler's suffix to it ("name.isra.0")."""
    sections = units.sections
    texts, table = sections.section(".strtab"), sections.section(".symtab")
    size, word = (24, 8) if sections.address_size == 8 else (16, 4)
    value_at = 8 if size == 24 else 4
    found: list[int] = []
    for ending in (b"\0", b"."):
        for position in islice(texts.all(name.encode() + ending), _MOST_TEXTS):
            for place in table.all(position.to_bytes(4, units.order)):
                if place % size == 0:
                    raw = table.view[place + value_at : place + value_at + word]
                    found.append(int.from_bytes(raw, units.order))
    return found
