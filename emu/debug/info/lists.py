"""Lists of address ranges and of locations: DWARF 5, sections 2.17.3 and 2.6.2; DWARF 2 to 4, the same in .debug_ranges
and .debug_loc. Addresses are as linked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

from emu.debug.info.codes import At, Form
from emu.debug.info.dies import Damaged, Die, Unit, uleb

_MOST: Final = 100_000  # entries of one list


def ranges(die: Die) -> list[tuple[int, int]]:
    """[low, high) of the entry's code, in the order of the file; empty where it has none or it is damaged."""
    held = die.values.get(At.RANGES)
    if held is None:
        low, high = die.address(At.LOW_PC), die.highest
        return [(low, high)] if low is not None and high is not None and high > low else []
    try:
        return [(low, high) for low, high in _ranges(die.unit, *held) if high > low]
    except (Damaged, IndexError) as error:
        die.unit.units.trouble(f"A list of ranges of the unit at {die.unit.offset:#x} is damaged: {error}.")
        return []


def location(die: Die, attribute: int, pc: int) -> tuple[bytes | None, str]:
    """The expression of `attribute` that holds at `pc` (as linked), or None and why there is none."""
    held = die.values.get(attribute)
    if held is None:
        return None, "optimized out"
    form, value = held
    if isinstance(value, bytes | memoryview):
        return (bytes(value), "") if len(value) else (None, "optimized out")
    if form not in (Form.SEC_OFFSET, Form.LOCLISTX, Form.DATA4, Form.DATA8) or not isinstance(value, int):
        return None, "its location is damaged"
    default: bytes | None = None
    try:
        for low, high, expression in _locations(die.unit, form, value):
            if low is None:
                default = expression
            elif low <= pc < high:
                return (expression, "") if expression else (None, "optimized out")
    except (Damaged, IndexError) as error:
        return None, f"its location list is damaged: {error}"
    return (default, "") if default else (None, "optimized out")


def _ranges(unit: Unit, form: int, value: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401
    base = unit.low
    if unit.version < 5:
        start = (unit.top.number(At.GNU_RANGES_BASE) or 0) if form == Form.SEC_OFFSET else 0
        for low, high in _pairs(unit, ".debug_ranges", value + start):
            if low is None:
                base = high
            else:
                yield base + low, base + high
        return
    section = unit.units.sections.section(".debug_rnglists")
    position = _indexed(unit, ".debug_rnglists", At.RNGLISTS_BASE, value) if form == Form.RNGLISTX else value
    for kind, first, second, _, _ in _entries(unit, section.view, position, counted=False):
        if kind == _BASE:
            base = first
        elif kind == _OFFSETS:
            yield base + first, base + second
        else:
            yield first, second


_BASE, _OFFSETS, _ADDRESSES, _DEFAULT = range(4)


def _locations(unit: Unit, form: int, value: int) -> Iterator[tuple[int | None, int, bytes]]:
    base = unit.low
    if unit.version < 5:
        view = unit.units.sections.section(".debug_loc").view
        for low, high, position in _triples(unit, value):
            if low is None:
                base = high
                continue
            size = int.from_bytes(view[position : position + 2], unit.units.order)
            yield base + low, base + high, bytes(view[position + 2 : position + 2 + size])
        return
    view = unit.units.sections.section(".debug_loclists").view
    position = _indexed(unit, ".debug_loclists", At.LOCLISTS_BASE, value) if form == Form.LOCLISTX else value
    for kind, first, second, start, end in _entries(unit, view, position, counted=True):
        if kind == _BASE:
            base = first
        elif kind == _DEFAULT:
            yield None, 0, bytes(view[start:end])
        elif kind == _OFFSETS:
            yield base + first, base + second, bytes(view[start:end])
        else:
            yield first, second, bytes(view[start:end])


def _indexed(unit: Unit, name: str, attribute: int, index: int) -> int:
    base = unit.top.number(attribute)
    base = 12 if base is None else base
    width = unit.offset_size
    raw = unit.units.sections.section(name).view[base + index * width : base + (index + 1) * width]
    if len(raw) < width:
        raise Damaged(f"row {index} of {name} is not there")
    return base + int.from_bytes(raw, unit.units.order)


def _entries(
    unit: Unit, view: memoryview, position: int, *, counted: bool
) -> Iterator[tuple[int, int, int, int, int]]:
    """(kind, first, second, start and end of the expression) of DW_RLE_ entries; `counted`: DW_LLE_."""
    size, order = unit.address_size, unit.units.order

    def plain() -> int:
        nonlocal position
        position += size
        if position > len(view):
            raise Damaged("it ends too early")
        return int.from_bytes(view[position - size : position], order)

    def number() -> int:
        nonlocal position
        value, position = uleb(view, position)
        return value

    def indexed() -> int:
        address = unit.indexed_address(number())
        if address is None:
            raise Damaged("an address that is not in .debug_addr")
        return address

    # the numbers of DW_RLE_ and DW_LLE_ differ by DW_LLE_default_location, which is 5
    for _ in range(_MOST):
        code = view[position]
        position += 1
        if counted and code == 5:
            kind, first, second = _DEFAULT, 0, 0
        elif code == 0:
            return
        else:
            code = code - 1 if counted and code > 5 else code
            if code == 1:  # base_addressx
                yield _BASE, indexed(), 0, 0, 0
                continue
            if code == 5:  # base_address
                yield _BASE, plain(), 0, 0, 0
                continue
            if code == 2:  # startx_endx
                kind, first, second = _ADDRESSES, indexed(), indexed()
            elif code == 3:  # startx_length
                first = indexed()
                kind, second = _ADDRESSES, first + number()
            elif code == 4:  # offset_pair
                kind, first, second = _OFFSETS, number(), number()
            elif code == 6:  # start_end
                kind, first, second = _ADDRESSES, plain(), plain()
            elif code == 7:  # start_length
                first = plain()
                kind, second = _ADDRESSES, first + number()
            else:
                raise Damaged(f"entry kind {code} is not known")
        start = end = position
        if counted:
            length = number()
            start = position
            position = end = start + length
            if end > len(view):
                raise Damaged("it ends too early")
        yield kind, first, second, start, end
    raise Damaged("it does not end")


def _entry(view: memoryview, position: int, size: int, order: Literal["little", "big"]) -> tuple[int, int]:
    """The two addresses of `size` bytes that an entry begins with."""
    if position + 2 * size > len(view):
        raise Damaged("it ends too early")
    low = int.from_bytes(view[position : position + size], order)
    return low, int.from_bytes(view[position + size : position + 2 * size], order)


def _pairs(unit: Unit, name: str, position: int) -> Iterator[tuple[int | None, int]]:
    """(low, high); low None: high is the new base."""
    size, order = unit.address_size, unit.units.order
    view, top = unit.units.sections.section(name).view, (1 << 8 * size) - 1
    for _ in range(_MOST):
        low, high = _entry(view, position, size, order)
        position += 2 * size
        if not low and not high:
            return
        yield (None, high) if low == top else (low, high)


def _triples(unit: Unit, position: int) -> Iterator[tuple[int | None, int, int]]:
    size, order = unit.address_size, unit.units.order
    view, top = unit.units.sections.section(".debug_loc").view, (1 << 8 * size) - 1
    for _ in range(_MOST):
        low, high = _entry(view, position, size, order)
        position += 2 * size
        if not low and not high:
            return
        if low == top:
            yield None, high, position
            continue
        yield low, high, position
        position += 2 + int.from_bytes(view[position : position + 2], order)
