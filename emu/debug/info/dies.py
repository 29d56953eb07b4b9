"""Units and their debugging information entries (DWARF 5, sections 7.5.1 to 7.5.6), read in place.

Theory: a kernel has tens of millions of entries, and a question needs a few thousand of them. A unit is an offset until
somebody asks; then its outline (offsets of the entries on its first levels) is made in one pass that decodes no
attribute: an abbreviation says how many bytes each form takes, most take a fixed number, and a sibling attribute jumps
over what lies deeper. pyelftools keeps an object with every attribute for every entry it passes, which is 30 times
slower.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from emu.debug.info.codes import At, Form, Tag
from emu.debug.info.sections import Section, Sections

_PLACES: Final = 64  # references that are followed before a chain counts as circular
_CONTAINERS: Final = frozenset({Tag.NAMESPACE})

_REFERENCES: Final = frozenset({Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA})
_NUMBERS: Final = {
    int(Form.DATA1): 1,
    int(Form.DATA2): 2,
    int(Form.DATA4): 4,
    int(Form.DATA8): 8,
    int(Form.REF1): 1,
    int(Form.REF2): 2,
    int(Form.REF4): 4,
    int(Form.REF8): 8,
    int(Form.REF_SIG8): 8,
    int(Form.REF_SUP4): 4,
    int(Form.REF_SUP8): 8,
    int(Form.FLAG): 1,
    int(Form.STRX1): 1,
    int(Form.STRX2): 2,
    int(Form.STRX3): 3,
    int(Form.STRX4): 4,
    int(Form.ADDRX1): 1,
    int(Form.ADDRX2): 2,
    int(Form.ADDRX3): 3,
    int(Form.ADDRX4): 4,
}
_OFFSETS: Final = frozenset(
    {Form.STRP, Form.LINE_STRP, Form.SEC_OFFSET, Form.STRP_SUP, Form.GNU_REF_ALT, Form.GNU_STRP_ALT}
)
_ULEBS: Final = frozenset(
    {
        Form.UDATA,
        Form.REF_UDATA,
        Form.STRX,
        Form.ADDRX,
        Form.LOCLISTX,
        Form.RNGLISTX,
        Form.GNU_ADDR_INDEX,
        Form.GNU_STR_INDEX,
    }
)
_BLOCKS: Final = {int(Form.BLOCK1): 1, int(Form.BLOCK2): 2, int(Form.BLOCK4): 4}
_STRX: Final = frozenset({Form.STRX, Form.STRX1, Form.STRX2, Form.STRX3, Form.STRX4, Form.GNU_STR_INDEX})
_ADDRX: Final = frozenset(
    {Form.ADDRX, Form.ADDRX1, Form.ADDRX2, Form.ADDRX3, Form.ADDRX4, Form.GNU_ADDR_INDEX}
)


class Damaged(Exception):
    """The debugging information contradicts itself or ends too early. Never leaves this package."""


def uleb(view: memoryview, position: int) -> tuple[int, int]:
    """The ULEB128 number at `position`, and where the next thing begins. Raises IndexError at the end."""
    byte = view[position]
    position += 1
    if byte < 0x80:
        return byte, position
    value, shift = byte & 0x7F, 7
    while True:
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 140:
            raise Damaged("a number that does not end")


def sleb(view: memoryview, position: int) -> tuple[int, int]:
    """As `uleb`, signed."""
    value, end = uleb(view, position)
    bits = 7 * (end - position)
    return value - (1 << bits) if value >> bits - 1 & 1 else value, end


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """One row of a table of .debug_abbrev. `plan`: how to pass over an entry: bytes, or (negative) a form."""

    tag: int
    children: bool
    attributes: tuple[tuple[int, int, int], ...]  # attribute, form, value of an implicit constant
    plan: tuple[int, ...]
    sibling: int  # offset of a four-byte sibling reference after the code, -1 where there is none


class Die:
    """A decoded entry. `end` is the offset after its attributes: where its children begin."""

    __slots__ = ("children", "end", "offset", "tag", "unit", "values")

    def __init__(
        self, unit: Unit, offset: int, tag: int, children: bool, end: int, values: dict[int, tuple[int, Any]]
    ) -> None:
        self.unit, self.offset, self.tag = unit, offset, tag
        self.children, self.end, self.values = children, end, values

    def number(self, attribute: int) -> int | None:
        """The attribute as a number, None where it is missing or no number."""
        value = self.values.get(attribute, (0, None))[1]
        return value if isinstance(value, int) else None

    def flag(self, attribute: int) -> bool:
        return bool(self.values.get(attribute, (0, False))[1])

    def block(self, attribute: int) -> bytes | None:
        """The attribute as an expression or block."""
        value = self.values.get(attribute, (0, None))[1]
        return bytes(value) if isinstance(value, bytes | memoryview) else None

    def text(self, attribute: int) -> str:
        """The attribute as text, empty where it is missing."""
        held = self.values.get(attribute)
        return "" if held is None else self.unit.string(*held).decode("utf-8", "replace")

    def address(self, attribute: int) -> int | None:
        """The attribute as an address as linked."""
        form, value = self.values.get(attribute, (0, None))
        if not isinstance(value, int):
            return None
        return self.unit.indexed_address(value) if form in _ADDRX else value

    def reference(self, attribute: int) -> Die | None:
        """The entry that the attribute refers to."""
        held = self.values.get(attribute)
        return None if held is None else self.unit.units.referred(self.unit, *held)

    def inherited(self, attribute: int) -> Die | None:
        """The entry that has the attribute: this one, or what it is an instance or the definition of."""
        die: Die | None = self
        for _ in range(_PLACES):
            if die is None or attribute in die.values:
                return die
            die = die.reference(At.ABSTRACT_ORIGIN) or die.reference(At.SPECIFICATION)
        return None

    @property
    def name(self) -> str:
        """Its own, or that of what it is an instance of; empty where it has none."""
        held = self.inherited(At.NAME)
        return "" if held is None else held.text(At.NAME)

    def nested(self) -> Iterator[Die]:
        """Its children, in order."""
        if not self.children:
            return
        for offset in self.unit.siblings(self.end):
            die = self.unit.die(offset)
            yield die

    @property
    def highest(self) -> int | None:
        """DW_AT_high_pc as an address: it may be written as one, or as a size."""
        held = self.values.get(At.HIGH_PC)
        low = self.address(At.LOW_PC)
        if held is None or low is None:
            return None
        form, value = held
        if form == Form.ADDR or form in _ADDRX:
            return self.address(At.HIGH_PC)
        return low + value if isinstance(value, int) else None


class Unit:
    """One unit of .debug_info: [offset, end), its entries from `first`."""

    def __init__(
        self,
        units: Units,
        offset: int,
        first: int,
        end: int,
        version: int,
        wide: bool,
        address_size: int,
        abbreviations: int,
        signature: int | None,
        type_offset: int,
    ) -> None:
        self.units, self.offset, self.first, self.end = units, offset, first, end
        self.version, self.address_size = version, address_size
        self.offset_size = 8 if wide else 4
        self.signature, self.type_offset = signature, type_offset
        self._abbreviations = abbreviations
        self._view = units.info.view
        self._order = units.order

    @cached_property
    def table(self) -> dict[int, Abbreviation]:
        return self.units.abbreviations(
            self._abbreviations, self.address_size, self.offset_size, self.version
        )

    @cached_property
    def top(self) -> Die:
        """The unit's own entry. Raises Damaged, IndexError."""
        code, position = uleb(self._view, self.first)
        shape = self.address_size, self.offset_size, self.version
        row = self.units.abbreviation(self._abbreviations, *shape, code)
        if row is None:
            raise Damaged(f"no abbreviation {code} for the unit at {self.offset:#x}")
        return self._decoded(self.first, row, position)

    @cached_property
    def home(self) -> str:
        """The directory where the compiler ran."""
        return self.top.text(At.COMP_DIR)

    @cached_property
    def low(self) -> int:
        """The unit's base address: its lists of ranges and locations count from there."""
        return self.top.address(At.LOW_PC) or 0

    def die(self, offset: int) -> Die:
        """The entry at `offset`. Raises Damaged, IndexError."""
        if not self.first <= offset < self.end:
            raise Damaged(f"an entry at {offset:#x}, outside its unit")
        code, position = uleb(self._view, offset)
        row = self.table.get(code)
        if row is None:
            raise Damaged(f"no abbreviation {code} for the entry at {offset:#x}")
        return self._decoded(offset, row, position)

    def _decoded(self, offset: int, row: Abbreviation, position: int) -> Die:
        values: dict[int, tuple[int, Any]] = {}
        for attribute, form, constant in row.attributes:
            kind, value, position = self._value(form, constant, position)
            values[attribute] = kind, value
        return Die(self, offset, row.tag, row.children, position, values)

    def siblings(self, position: int) -> Iterator[int]:
        """Offsets of the entries from `position` to the end of their list."""
        while True:
            row, after = self._row(position)
            if row is None:
                return
            yield position
            position = self._past(row, after)

    def tags(self, position: int) -> Iterator[tuple[int, int]]:
        """(offset, tag) of each, as `siblings`."""
        while True:
            row, after = self._row(position)
            if row is None:
                return
            yield position, row.tag
            position = self._past(row, after)

    @cached_property
    def outline(self) -> tuple[tuple[int, int], ...]:
        """(offset, tag) of the entries below the unit and its namespaces."""
        found: list[tuple[int, int]] = []
        if not self.top.children:
            return ()
        waiting = [self.top.end]
        try:
            while waiting:
                for offset, tag in self.tags(waiting.pop()):
                    found.append((offset, tag))
                    if tag in _CONTAINERS:
                        die = self.die(offset)
                        waiting.extend([die.end] if die.children else [])
        except (Damaged, IndexError) as error:
            self.units.trouble(f"The unit at {self.offset:#x} of .debug_info is damaged: {error}.")
        return tuple(found)

    @cached_property
    def holders(self) -> frozenset[int]:
        """Offsets in the outline."""
        return frozenset(offset for offset, _ in self.outline)

    def _row(self, position: int) -> tuple[Abbreviation | None, int]:
        if position >= self.end:
            return None, position
        code, after = uleb(self._view, position)
        if not code:
            return None, after
        row = self.table.get(code)
        if row is None:
            raise Damaged(f"no abbreviation {code} for the entry at {position:#x}")
        return row, after

    def _past(self, row: Abbreviation, position: int) -> int:
        """Where the entry after this one and all below it begins."""
        if row.children and row.sibling >= 0:
            start = position + row.sibling
            target = self.offset + int.from_bytes(self._view[start : start + 4], self._order)
            if position < target <= self.end:
                return target
            raise Damaged(f"a sibling at {target:#x} of an entry at {position:#x}")
        position = self._skip(row, position)
        depth = 1 if row.children else 0
        view, table, end = self._view, self.table, self.end
        while depth:
            if position >= end:
                raise Damaged("a list of entries that does not end")
            code, position = uleb(view, position)
            if not code:
                depth -= 1
                continue
            inner = table.get(code)
            if inner is None:
                raise Damaged(f"no abbreviation {code} for an entry before {position:#x}")
            if inner.children and inner.sibling >= 0:
                position = self._past(inner, position)
                continue
            position = self._skip(inner, position)
            depth += inner.children
        return position

    def _skip(self, row: Abbreviation, position: int) -> int:
        for step in row.plan:
            position = position + step if step >= 0 else self._value(-step, 0, position)[2]
        return position

    def _value(self, form: int, constant: int, position: int) -> tuple[int, Any, int]:
        """The form after indirection, the value (references from the section's start), where the next begins."""
        view = self._view
        size = _NUMBERS.get(form)
        if size is not None:
            value = int.from_bytes(view[position : position + size], self._order)
            position += size
            if form in _REFERENCES:
                value += self.offset
        elif form in _OFFSETS or (form == Form.REF_ADDR and self.version > 2):
            value = int.from_bytes(view[position : position + self.offset_size], self._order)
            position += self.offset_size
        elif form in (Form.ADDR, Form.REF_ADDR):
            value = int.from_bytes(view[position : position + self.address_size], self._order)
            position += self.address_size
        elif form == Form.FLAG_PRESENT:
            return form, True, position
        elif form == Form.IMPLICIT_CONST:
            return form, constant, position
        elif form in _ULEBS:
            value, position = uleb(view, position)
            if form == Form.REF_UDATA:
                value += self.offset
        elif form == Form.SDATA:
            value, position = sleb(view, position)
        elif form == Form.STRING:
            end = self.units.info.find(b"\0", position, self.end)
            if end < 0:
                raise Damaged(f"a string at {position:#x} that does not end")
            return form, position, end + 1
        elif form in _BLOCKS or form in (Form.EXPRLOC, Form.BLOCK, Form.DATA16):
            if form in _BLOCKS:
                width = _BLOCKS[form]
                size = int.from_bytes(view[position : position + width], self._order)
                position += width
            elif form == Form.DATA16:
                size = 16
            else:
                size, position = uleb(view, position)
            return form, view[position : position + size], position + size
        elif form == Form.INDIRECT:
            actual, position = uleb(view, position)
            if actual == Form.INDIRECT:
                raise Damaged("an indirect form that names itself")
            return self._value(actual, 0, position)
        else:
            raise Damaged(f"form {form:#x} is not known")
        if position > self.end:
            raise Damaged(f"an attribute that ends at {position:#x}, after its unit")
        return form, value, position

    def string(self, form: int, value: Any) -> bytes:  # noqa: ANN401 - as the form has it
        """The text of a value of one of the string forms; empty for others."""
        if not isinstance(value, int):
            return b""
        if form == Form.STRP:
            return self.units.sections.section(".debug_str").text(value)
        if form == Form.STRING:
            return self.units.info.text(value)
        if form == Form.LINE_STRP:
            return self.units.sections.section(".debug_line_str").text(value)
        if form in _STRX:
            place = self.string_offsets + value * self.offset_size
            raw = self.units.sections.section(".debug_str_offsets").view[place : place + self.offset_size]
            return self.units.sections.section(".debug_str").text(int.from_bytes(raw, self._order))
        if form in (Form.STRP_SUP, Form.GNU_STRP_ALT):
            self.units.trouble("Names are in a supplementary file (dwz), which is not read.")
        return b""

    @cached_property
    def string_offsets(self) -> int:
        """Where this unit's offsets begin in .debug_str_offsets."""
        base = self.top.number(At.STR_OFFSETS_BASE)
        return base if base is not None else (0 if self.version < 5 else 2 * self.offset_size)

    def indexed_address(self, index: int) -> int | None:
        """Row `index` of this unit's part of .debug_addr."""
        base = self.top.number(At.ADDR_BASE)
        if base is None:
            base = self.top.number(At.GNU_ADDR_BASE)
        place = (8 if base is None else base) + index * self.address_size
        raw = self.units.sections.section(".debug_addr").view[place : place + self.address_size]
        return int.from_bytes(raw, self._order) if len(raw) == self.address_size else None


class Units:
    """All units of a file, by offset. Making it reads their headers only."""

    def __init__(self, sections: Sections) -> None:
        self.sections = sections
        self.order: Any = "big" if sections.big_endian else "little"
        self.info: Section = sections.section(".debug_info")
        self._tables: dict[tuple[int, int, int, int], dict[int, Abbreviation]] = {}
        self._alone: dict[tuple[int, int, int, int, int], Abbreviation | None] = {}
        self._starts: list[int] = []
        self.list: list[Unit] = []
        self._signatures: dict[int, Unit] = {}
        try:
            for unit in self._headers():
                self.list.append(unit)
                self._starts.append(unit.offset)
                if unit.signature is not None:
                    self._signatures[unit.signature] = unit
        except (Damaged, IndexError) as error:
            self.trouble(f"Section .debug_info is damaged: {error}.")
        if ".debug_types" in sections:
            self.trouble(
                "Section .debug_types is not read: build with -fno-debug-types-section, or -gdwarf-5."
            )

    def trouble(self, text: str) -> None:
        """Note it, once."""
        if text not in self.sections.troubles and len(self.sections.troubles) < 100:
            self.sections.troubles.append(text)

    def at(self, offset: int) -> Unit | None:
        """The unit that holds `offset` of .debug_info."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self.list[index].end:
            return None
        return self.list[index]

    def referred(self, unit: Unit, form: int, value: Any) -> Die | None:  # noqa: ANN401
        """What a reference of `unit` refers to; None where that is damaged or elsewhere."""
        if not isinstance(value, int):
            return None
        if form == Form.REF_SIG8:
            held = self._signatures.get(value)
            if held is None:
                self.trouble(f"The type with the signature {value:#018x} is in no unit of this file.")
                return None
            unit, value = held, held.offset + held.type_offset
        elif form in (Form.GNU_REF_ALT, Form.REF_SUP4, Form.REF_SUP8):
            self.trouble("Entries are in a supplementary file (dwz), which is not read.")
            return None
        elif form == Form.REF_ADDR:
            found = self.at(value)
            if found is None:
                return None
            unit = found
        elif form not in _REFERENCES:
            return None
        try:
            return unit.die(value)
        except (Damaged, IndexError) as error:
            self.trouble(f"A reference to {value:#x} of .debug_info leads nowhere: {error}.")
            return None

    def _headers(self) -> Iterator[Unit]:
        view, offset, order = self.info.view, 0, self.order
        while offset + 11 <= len(view):
            length, position, wide = int.from_bytes(view[offset : offset + 4], order), offset + 4, False
            if length == 0xFFFFFFFF:
                length, position, wide = (
                    int.from_bytes(view[offset + 4 : offset + 12], order),
                    offset + 12,
                    True,
                )
            end = position + length
            if length < 7 or end > len(view):
                raise Damaged(f"the unit at {offset:#x} says that it ends at {end:#x}")
            width = 8 if wide else 4
            version = int.from_bytes(view[position : position + 2], order)
            position += 2
            signature, type_offset = None, 0
            if version == 5:
                kind, size = view[position], view[position + 1]
                abbreviations = int.from_bytes(view[position + 2 : position + 2 + width], order)
                position += 2 + width
                if kind in (0x02, 0x06):  # DW_UT_type, DW_UT_split_type
                    signature = int.from_bytes(view[position : position + 8], order)
                    type_offset = int.from_bytes(view[position + 8 : position + 8 + width], order)
                    position += 8 + width
                elif kind in (0x04, 0x05):  # DW_UT_skeleton, DW_UT_split_compile
                    position += 8
            elif 2 <= version <= 4:
                abbreviations = int.from_bytes(view[position : position + width], order)
                size = view[position + width]
                position += width + 1
            else:
                self.trouble(
                    f"The unit at {offset:#x} of .debug_info is of DWARF {version}: 2 to 5 are read."
                )
                offset = end
                continue
            if size in (1, 2, 4, 8):
                yield Unit(
                    self, offset, position, end, version, wide, size, abbreviations, signature, type_offset
                )
            offset = end

    def abbreviations(self, offset: int, address: int, width: int, version: int) -> dict[int, Abbreviation]:
        """The table at `offset` of .debug_abbrev for units with those sizes. A damaged one ends early."""
        key = (offset, address, width, version)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = {}
            try:
                for code, row in self._rows(offset, address, width, version):
                    table.setdefault(code, row)
            except (Damaged, IndexError) as error:
                self.trouble(f"The table at {offset:#x} of .debug_abbrev is damaged: {error}.")
        return table

    def abbreviation(
        self, offset: int, address: int, width: int, version: int, code: int
    ) -> Abbreviation | None:
        """One row of the table. One that is not read yet is read up to that row only: a unit's own is early in it, and a
        kernel has thousands of tables."""
        key = (offset, address, width, version)
        if key in self._tables:
            return self._tables[key].get(code)
        if (*key, code) not in self._alone:
            rows = self._rows(*key)
            self._alone[*key, code] = next((row for found, row in rows if found == code), None)
        return self._alone[*key, code]

    def _rows(
        self, position: int, address: int, width: int, version: int
    ) -> Iterator[tuple[int, Abbreviation]]:
        view = self.sections.section(".debug_abbrev").view
        while True:
            code, position = uleb(view, position)
            if not code:
                return
            tag, position = uleb(view, position)
            children = view[position] != 0
            position += 1
            attributes: list[tuple[int, int, int]] = []
            while True:
                attribute, position = uleb(view, position)
                form, position = uleb(view, position)
                constant = 0
                if form == Form.IMPLICIT_CONST:
                    constant, position = sleb(view, position)
                if not attribute and not form:
                    break
                attributes.append((attribute, form, constant))
            yield code, _abbreviation(tag, children, attributes, address, width, version)


def fixed_size(form: int, address: int, width: int, version: int) -> int | None:
    """Bytes of the form, None where that depends on the value."""
    if form in (Form.FLAG_PRESENT, Form.IMPLICIT_CONST):
        return 0
    if form == Form.DATA16:
        return 16
    if form == Form.ADDR or (form == Form.REF_ADDR and version == 2):
        return address
    return width if form in _OFFSETS or form == Form.REF_ADDR else _NUMBERS.get(form)


def _abbreviation(
    tag: int, children: bool, attributes: list[tuple[int, int, int]], address: int, width: int, version: int
) -> Abbreviation:
    plan: list[int] = []
    sibling = -1
    for attribute, form, _ in attributes:
        if attribute == At.SIBLING and form == Form.REF4 and (not plan or (len(plan) == 1 and plan[0] >= 0)):
            sibling = plan[0] if plan else 0
        size = fixed_size(form, address, width, version)
        if size is None:
            plan.append(-form)
        elif plan and plan[-1] >= 0:
            plan[-1] += size
        else:
            plan.append(size)
    return Abbreviation(tag, children, tuple(attributes), tuple(plan), sibling)
