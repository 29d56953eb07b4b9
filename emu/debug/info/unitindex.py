"""Which unit has which code: read from the units' own entries once, and kept in the cache directory where that took long."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emu.debug.info.codes import At, Tag
from emu.debug.info.dies import Damaged, Units
from emu.debug.info.lists import ranges
from emu.debug.info.sections import store

_LOOSE: Final = 256  # units without ranges whose line tables are looked through
_KEPT_FROM: Final = 200  # units; fewer are read faster than a file is found
_FORM: Final = 1  # of the file; another one is not read


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """Units by their number in Units.list: `parts` are (low, high, unit) of all code, as linked, by address; `loose` those
    that do not say where their code is; `tables` those with the line table at an offset of .debug_line."""

    parts: list[tuple[int, int, int]]
    loose: list[int]
    tables: dict[int, list[int]]
    split: int = 0  # units whose entries are in .dwo files

    @classmethod
    def of(cls, units: Units) -> UnitIndex:
        """From the cache, else from the units."""
        path = units.sections.kept("units", len(units.list)) if len(units.list) >= _KEPT_FROM else None
        found = None if path is None else _load(path, len(units.list))
        if found is None:
            found = _read(units)
            if path is not None:
                held = [_FORM, found.parts, found.loose, list(found.tables.items()), found.split]
                store(path, json.dumps(held).encode())
        if found.split:
            units.trouble(
                f"The debugging information of {found.split} units is in .dwo files, which are not read: lines and "
                "symbols are known, variables and types are not. Build without -gsplit-dwarf."
            )
        return found


def _read(units: Units) -> UnitIndex:
    parts: list[tuple[int, int, int]] = []
    loose: list[int] = []
    tables: dict[int, list[int]] = {}
    split = 0
    for index, unit in enumerate(units.list):
        try:
            top = unit.top
            if top.tag not in (Tag.UNIT, Tag.SKELETON):
                continue
            split += At.DWO_NAME in top.values or At.GNU_DWO_NAME in top.values
            table = top.number(At.STMT_LIST)
            if table is not None:
                tables.setdefault(table, []).append(index)
            held = ranges(top)
            parts.extend((low, high, index) for low, high in held)
            if not held and table is not None and len(loose) < _LOOSE:
                loose.append(index)
        except (Damaged, IndexError) as error:
            units.trouble(f"The unit at {unit.offset:#x} of .debug_info is damaged: {error}.")
    return UnitIndex(sorted(parts), loose, tables, split)


def _load(path: Path, count: int) -> UnitIndex | None:
    """None where there is none, or it is not one."""
    try:
        form, parts, loose, tables, split = json.loads(path.read_bytes())
        if form != _FORM:
            return None
        held = [(int(low), int(high), int(unit)) for low, high, unit in parts]
        found = UnitIndex(
            held, [int(each) for each in loose], {int(key): list(each) for key, each in tables}, int(split)
        )
    except (OSError, ValueError, TypeError):
        return None
    numbers = (
        [unit for _, _, unit in held]
        + found.loose
        + [each for group in found.tables.values() for each in group]
    )
    return found if all(isinstance(each, int) and 0 <= each < count for each in numbers) else None
