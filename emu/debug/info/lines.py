"""Line number programs (DWARF 5, section 6.2), one unit at a time."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from posixpath import join
from typing import Any, Final

from emu.debug.info.codes import Form
from emu.debug.info.dies import Damaged, Unit, sleb, uleb
from emu.symbols import SourceLine

_STATEMENT, _PROLOGUE_END, _END = 1, 2, 4
_MOST_ROWS: Final = 4_000_000
_MOST_FILES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: code from `address` (as linked) on is of `line` in file number `file`."""

    address: int
    file: int
    line: int
    statement: bool
    prologue_end: bool
    end: bool


class LineTable:
    """The rows of one unit, by sequence and address. Damaged programs give the rows before the damage."""

    def __init__(self, unit: Unit, offset: int) -> None:
        self._unit = unit
        self.files: list[tuple[str, str]] = []  # name as given, directory; index: file - `first`
        self.first = 1
        self._addresses, self._files, self._lines = array("Q"), array("L"), array("L")
        self._flags = bytearray()
        try:
            self._read(offset)
        except (Damaged, IndexError, OverflowError) as error:
            unit.units.trouble(f"The line table at {offset:#x} of .debug_line is damaged: {error}.")
        if len(self._addresses) and not self._flags[-1] & _END:
            self._flags[-1] |= _END

    def __len__(self) -> int:
        return len(self._addresses)

    def row(self, index: int) -> Row:
        flags = self._flags[index]
        return Row(
            self._addresses[index],
            self._files[index],
            self._lines[index],
            bool(flags & _STATEMENT),
            bool(flags & _PROLOGUE_END),
            bool(flags & _END),
        )

    def source(self, file: int, line: int) -> SourceLine | None:
        """That line of file number `file`; None where there is no such file or the line is 0 (no line)."""
        place = file - self.first
        if not line or not 0 <= place < len(self.files):
            return None
        name, folder = self.files[place]
        return SourceLine(name, line, folder)

    @cached_property
    def spans(self) -> list[tuple[int, int, int, int]]:
        """(low, high, first row, last row + 1) of the sequences, by address, without what the linker dropped."""
        found: list[tuple[int, int, int, int]] = []
        start = 0
        for index, flags in enumerate(self._flags):
            if flags & _END:
                low, high = self._addresses[start], self._addresses[index]
                if high > low and (low or not self._unit.low):
                    found.append((low, high, start, index + 1))
                start = index + 1
        return sorted(found)

    def at(self, address: int) -> int | None:
        """The index of the row for `address`: the last of several at one address, as the standard has it."""
        index = bisect_right(self.spans, (address, 1 << 65)) - 1
        if index < 0:
            return None
        low, high, start, end = self.spans[index]
        if not low <= address < high:
            return None
        return bisect_right(self._addresses, address, start, end) - 1

    def line(self, address: int) -> SourceLine | None:
        index = self.at(address)
        return None if index is None else self.source(self._files[index], self._lines[index])

    def rows(self, low: int, high: int) -> list[Row]:
        """The rows of [low, high), in the order of addresses."""
        found: list[Row] = []
        for first, last, start, end in self.spans:
            if first < high and low < last:
                found.extend(
                    self.row(index) for index in range(start, end) if low <= self._addresses[index] < high
                )
        return found

    def statements(self) -> Iterator[tuple[int, SourceLine]]:
        """(address as linked, line) of the rows where a statement of a line begins."""
        lines: dict[tuple[int, int], SourceLine | None] = {}
        for _, _, start, end in self.spans:
            for index in range(start, end - 1):
                if self._flags[index] & _STATEMENT:
                    key = self._files[index], self._lines[index]
                    if key not in lines:
                        lines[key] = self.source(*key)
                    line = lines[key]
                    if line is not None:
                        yield self._addresses[index], line

    def numbers(self, suffix: str) -> set[int]:
        """The numbers of the files whose path ends with the path `suffix`."""
        return {
            index + self.first
            for index, (name, folder) in enumerate(self.files)
            if matches(join(folder, name), suffix)
        }

    def places(self, files: set[int], line: int) -> tuple[int, list[tuple[int, int]]]:
        """The line asked for or the least after it that has code in those files (0: none); its (address, row) where a
        stretch of it begins, in order."""
        best = 0
        found: list[tuple[int, int]] = []
        numbers, lines, flags = self._files, self._lines, self._flags
        for _, _, start, end in self.spans:
            previous = 0
            for index in range(start, end - 1):
                here = lines[index]
                if here < line or numbers[index] not in files or not flags[index] & _STATEMENT:
                    if flags[index] & _STATEMENT:
                        previous = 0
                    continue
                if best and here > best:
                    previous = 0
                    continue
                if not best or here < best:
                    best, found, previous = here, [], 0
                if previous != here:
                    found.append((self._addresses[index], index))
                previous = here
        return best, found

    def _read(self, offset: int) -> None:
        unit = self._unit
        view, order = unit.units.sections.section(".debug_line").view, unit.units.order
        length, position, width = int.from_bytes(view[offset : offset + 4], order), offset + 4, 4
        if length == 0xFFFFFFFF:
            length, position, width = int.from_bytes(view[offset + 4 : offset + 12], order), offset + 12, 8
        end = position + length
        if end > len(view):
            raise Damaged(f"it says that it ends at {end:#x}")
        version = int.from_bytes(view[position : position + 2], order)
        position += 2
        if not 2 <= version <= 5:
            raise Damaged(f"it is of version {version}")
        size = unit.address_size
        if version >= 5:
            size = view[position]
            position += 2
        header = int.from_bytes(view[position : position + width], order)
        position += width
        program = position + header
        step = view[position]
        position += 2 if version >= 4 else 1  # the operations of a VLIW instruction are taken as one
        statement, base = view[position] != 0, view[position + 1]
        base = base - 256 if base > 127 else base
        span, opcodes = view[position + 2], view[position + 3]
        lengths = bytes(view[position + 4 : position + 3 + opcodes])
        position += 3 + opcodes
        if not span or not opcodes or program > end:
            raise Damaged("its header makes no sense")
        if version >= 5:
            self._tables(view, position, width)
        else:
            self._names(view, position)
        self._run(view, program, end, step, statement, base, span, opcodes, lengths, size, order)

    def _names(self, view: memoryview, position: int) -> None:
        """The tables of DWARF 2 to 4."""
        section = self._unit.units.sections.section(".debug_line")
        home = self._unit.home
        folders = [home]
        while view[position]:
            name = section.text(position)
            position += len(name) + 1
            folders.append(join(home, name.decode("utf-8", "replace")))
        position += 1
        while view[position]:
            name = section.text(position)
            folder, position = uleb(view, position + len(name) + 1)
            _, position = uleb(view, position)
            _, position = uleb(view, position)
            self._file(name, folders[folder] if folder < len(folders) else home)

    def _file(self, name: bytes, folder: str) -> None:
        self.files.append((name.decode("utf-8", "replace"), folder))
        if len(self.files) > _MOST_FILES:
            raise Damaged("it has no end of files")

    def _tables(self, view: memoryview, position: int, width: int) -> None:
        """The tables of DWARF 5."""
        self.first = 0
        home = self._unit.home
        folders: list[str] = []
        for which in range(2):
            count = view[position]
            position += 1
            formats: list[tuple[int, int]] = []
            for _ in range(count):
                kind, position = uleb(view, position)
                form, position = uleb(view, position)
                formats.append((kind, form))
            entries, position = uleb(view, position)
            if entries > _MOST_FILES or (entries and not formats):
                raise Damaged(f"it says that it has {entries} files")
            for _ in range(entries):
                name, folder = b"", 0
                for kind, form in formats:
                    value, position = self._field(view, position, form, width)
                    if kind == 1:  # DW_LNCT_path
                        name = value if isinstance(value, bytes) else b""
                    elif kind == 2 and isinstance(value, int):  # DW_LNCT_directory_index
                        folder = value
                if which == 0:
                    folders.append(join(home, name.decode("utf-8", "replace")))
                else:
                    self._file(name, folders[folder] if folder < len(folders) else home)

    def _field(self, view: memoryview, position: int, form: int, width: int) -> tuple[Any, int]:
        order = self._unit.units.order
        if form in (Form.STRING, Form.LINE_STRP, Form.STRP):
            if form == Form.STRING:
                name = self._unit.units.sections.section(".debug_line").text(position)
                return name, position + len(name) + 1
            value = int.from_bytes(view[position : position + width], order)
            return self._unit.string(form, value), position + width
        if form in (Form.STRX, Form.STRX1, Form.STRX2, Form.STRX3, Form.STRX4):
            if form == Form.STRX:
                value, position = uleb(view, position)
            else:
                size = form - Form.STRX1 + 1
                value = int.from_bytes(view[position : position + size], order)
                position += size
            return self._unit.string(form, value), position
        if form == Form.UDATA:
            return uleb(view, position)
        if form == Form.BLOCK:
            size, position = uleb(view, position)
            return None, position + size
        sizes = {Form.DATA1: 1, Form.DATA2: 2, Form.DATA4: 4, Form.DATA8: 8, Form.DATA16: 16}
        size = sizes.get(Form(form), 0) if form in sizes else 0
        if not size:
            raise Damaged(f"form {form:#x} in its tables")
        return int.from_bytes(view[position : position + size], order), position + size

    def _run(
        self,
        view: memoryview,
        position: int,
        end: int,
        step: int,
        default: bool,
        base: int,
        span: int,
        opcodes: int,
        lengths: bytes,
        size: int,
        order: Any,  # noqa: ANN401 - "big" or "little"
    ) -> None:
        """The state machine of section 6.2.2."""
        address, file, line, flags = 0, 1, 1, int(default)
        addresses, files, lines, kept = self._addresses, self._files, self._lines, self._flags
        special = [
            ((code - opcodes) // span * step, base + (code - opcodes) % span) if code >= opcodes else (0, 0)
            for code in range(256)
        ]
        mask = (1 << 64) - 1
        advance = (255 - opcodes) // span * step
        while position < end:
            code = view[position]
            position += 1
            if code >= opcodes:
                forward, down = special[code]
                address, line = address + forward & mask, line + down
            elif code == 1:  # DW_LNS_copy
                pass
            elif code == 0:
                length, position = uleb(view, position)
                if not length:
                    continue
                kind, after = view[position], position + length
                if kind == 2:  # DW_LNE_set_address
                    width = length - 1 if length - 1 in (2, 4, 8) else size
                    address = int.from_bytes(view[position + 1 : position + 1 + width], order)
                elif kind == 3:  # DW_LNE_define_file
                    name = self._unit.units.sections.section(".debug_line").text(position + 1)
                    self._file(name, self._unit.home)
                position = after
                if kind != 1:
                    continue
                flags |= _END
            else:
                if code == 2:  # DW_LNS_advance_pc
                    value, position = uleb(view, position)
                    address = address + value * step & mask
                elif code == 3:  # DW_LNS_advance_line
                    value, position = sleb(view, position)
                    line += value
                elif code == 4:  # DW_LNS_set_file
                    file, position = uleb(view, position)
                elif code == 5:  # DW_LNS_set_column
                    _, position = uleb(view, position)
                elif code == 6:  # DW_LNS_negate_stmt
                    flags ^= _STATEMENT
                elif code == 8:  # DW_LNS_const_add_pc
                    address = address + advance & mask
                elif code == 9:  # DW_LNS_fixed_advance_pc
                    address = address + int.from_bytes(view[position : position + 2], order) & mask
                    position += 2
                elif code == 10:  # DW_LNS_set_prologue_end
                    flags |= _PROLOGUE_END
                elif code in (7, 11):  # DW_LNS_set_basic_block, DW_LNS_set_epilogue_begin
                    pass
                else:
                    for _ in range(lengths[code - 1]):
                        _, position = uleb(view, position)
                continue
            if len(addresses) >= _MOST_ROWS:
                raise Damaged("it has too many rows")
            addresses.append(address)
            files.append(file if file < 1 << 32 else 0)
            lines.append(line if 0 <= line < 1 << 32 else 0)
            kept.append(flags)
            if flags & _END:
                address, file, line, flags = 0, 1, 1, int(default)
            else:
                flags &= _STATEMENT


def matches(path: str, suffix: str) -> bool:
    """Whether `path` ends with the path `suffix`: "kernel/fork.c" and "fork.c" do for "/src/kernel/fork.c"."""
    wanted = suffix.removeprefix("./")
    path = path.replace("/./", "/")
    return path == wanted or path.endswith("/" + wanted)
