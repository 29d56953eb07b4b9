"""Source lines from DWARF (DWARF 5, section 6.2), read when the first one is asked for."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from posixpath import join

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.lineprogram import LineProgram
from elftools.elf.elffile import ELFFile

from emu.symbols import SourceLine


class DwarfLines:
    """The line table of one ELF file. Damaged debugging information gives no lines, never an error."""

    __slots__ = ("_data", "_lines", "_starts")

    def __init__(self, data: bytes) -> None:
        self._data: bytes | None = data
        self._starts: list[int] = []
        self._lines: list[SourceLine | None] = []

    def line(self, address: int) -> SourceLine | None:
        """The line that holds the instruction at guest-virtual `address`."""
        if self._data is not None:
            data, self._data = self._data, None
            rows = sorted(_rows(data), key=lambda row: (row[0], row[1] is not None))
            self._starts, self._lines = [row[0] for row in rows], [row[1] for row in rows]
        index = bisect_right(self._starts, address) - 1
        return self._lines[index] if index >= 0 else None


def _rows(data: bytes) -> Iterator[tuple[int, SourceLine | None]]:
    """(first address, its line) of every row of every unit; None begins a stretch without lines."""
    try:
        info = ELFFile(io.BytesIO(data)).get_dwarf_info()
        units = list(info.iter_CUs())
    except Exception:  # the reader raises anything at all on damaged bytes
        return
    for unit in units:
        try:
            program = info.line_program_for_CU(unit)
            rows = list(_unit_rows(program, _directory(unit))) if program is not None else []
        except Exception:  # one damaged unit does not hide the others
            continue
        yield from rows


def _directory(unit: CompileUnit) -> str:
    """Where the compiler ran; names in the line table are relative to it."""
    attribute = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    return "" if attribute is None else _text(attribute.value)


def _unit_rows(program: LineProgram, home: str) -> Iterator[tuple[int, SourceLine | None]]:
    header = program.header
    first = 0 if header["version"] >= 5 else 1  # DWARF 5 counts files from 0, and its directory 0 is `home`
    folders = [*([] if first == 0 else [home]), *map(_text, header["include_directory"])]
    files = [
        (_text(entry.name), join(home, folders[entry.dir_index]) if entry.dir_index < len(folders) else home)
        for entry in header["file_entry"]
    ]
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if state.end_sequence:
            yield int(state.address), None
        elif first <= state.file < len(files) + first and state.line:
            name, folder = files[state.file - first]
            yield int(state.address), SourceLine(name, int(state.line), folder)


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "replace")
