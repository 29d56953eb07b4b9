"""Call frame instructions: from the bytes of one entry to the rules that hold at an address (DWARF 5, section 6.4).

Everything here raises what damaged bytes bring about: `CallFrames` catches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

Order = Literal["little", "big"]


class Kind(Enum):
    """How the caller's value of a register is found (DWARF 5, 6.4.1)."""

    UNDEFINED = "undefined"
    SAME = "same value"
    OFFSET = "at CFA + N"
    VAL_OFFSET = "CFA + N"
    REGISTER = "in another register"
    EXPRESSION = "at what an expression gives"
    VAL_EXPRESSION = "what an expression gives"
    WINDOW = "in the frame's register window"  # SPARC's DW_CFA_GNU_window_save


@dataclass(frozen=True, slots=True)
class Rule:
    """`value` is bytes of an expression, or an offset, or a register's DWARF number."""

    kind: Kind
    value: int | bytes = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds at an address. `cfa` is (register, offset) or an expression; `registers` are by DWARF number."""

    cfa: tuple[int, int] | bytes
    registers: Mapping[int, Rule]
    return_register: int
    is_signal: bool = False
    windows: bool = False  # locals and ins of a SPARC register window are saved at the CFA


class Cursor:
    """Reads a section from `at` on; IndexError past its end."""

    __slots__ = ("at", "data", "order")

    def __init__(self, data: bytes, at: int, order: Order) -> None:
        self.data, self.at, self.order = data, at, order

    def number(self, size: int, *, signed: bool = False) -> int:
        data = self.data[self.at : self.at + size]
        if len(data) != size:
            raise IndexError(self.at)
        self.at += size
        return int.from_bytes(data, self.order, signed=signed)

    def block(self, size: int) -> bytes:
        data = self.data[self.at : self.at + size]
        if len(data) != size:
            raise IndexError(self.at)
        self.at += size
        return data

    def uleb(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128 or shift > 70:
                return value

    def sleb(self) -> int:
        begin = self.at
        value = self.uleb()
        bits = 7 * (self.at - begin)
        return value - (1 << bits) if value >> (bits - 1) else value

    def string(self) -> bytes:
        end = self.data.index(0, self.at)
        text, self.at = self.data[self.at : end], end + 1
        return text

    def pointer(self, encoding: int, address: int, word: int) -> int:
        """An encoded pointer (LSB Core, 10.5.1); `address` is the section's. Indirect ones are not followed."""
        base = address + self.at if encoding & 0x70 == 0x10 else 0
        form = encoding & 15
        if form in (1, 9):
            return base + (self.uleb() if form == 1 else self.sleb())
        size = {2: 2, 3: 4, 4: 8}.get(form & 7, word)
        return base + self.number(size, signed=form >= 8)


@dataclass(frozen=True, slots=True)
class Cie:
    """A common information entry. `encoding` is of its FDEs' addresses; `augmented`: they have augmentation data."""

    code_align: int
    data_align: int
    return_register: int
    instructions: tuple[int, int]  # in its section
    word: int  # bytes of an address
    encoding: int = 0
    augmented: bool = False
    is_signal: bool = False


def read_cie(cursor: Cursor, end: int, address: int, word: int, *, eh: bool) -> Cie:
    """The entry whose version is at the cursor and that ends at `end`."""
    version = cursor.number(1)
    augmentation = cursor.string()
    if version >= 4 and not eh:
        word = cursor.number(1) or word
        cursor.number(1)  # of a segment selector
    if augmentation == b"eh":
        cursor.number(word)
    code_align, data_align = cursor.uleb(), cursor.sleb()
    return_register = cursor.number(1) if version == 1 else cursor.uleb()
    encoding, is_signal = 0, b"S" in augmentation
    if augmentation.startswith(b"z"):
        size = cursor.uleb()
        after = cursor.at + size
        for letter in augmentation[1:]:
            if letter == ord("R"):
                encoding = cursor.number(1)
            elif letter == ord("L"):
                cursor.number(1)
            elif letter == ord("P"):
                cursor.pointer(cursor.number(1), address, word)
        cursor.at = after
    augmented = augmentation.startswith(b"z")
    return Cie(
        code_align, data_align, return_register, (cursor.at, end), word, encoding, augmented, is_signal
    )


@dataclass(slots=True)
class _Row:
    cfa: tuple[int, int] | bytes = (-1, 0)
    registers: dict[int, Rule] = field(default_factory=dict)
    windows: bool = False

    def copy(self) -> _Row:
        return _Row(self.cfa, dict(self.registers), self.windows)


def rules_at(
    cie: Cie, data: bytes, order: Order, span: tuple[int, int], start: int, pc: int, *, window_machine: bool
) -> Rules | None:
    """The rules at `pc` of the function at `start` with the instructions data[span]; None where it has no CFA.

    window_machine: DW_CFA_GNU_window_save is that of SPARC, and not what AArch64 made of its number.
    """
    program = _Program(cie, order, window_machine)
    program.run(Cursor(data, cie.instructions[0], order), cie.instructions[1], start, None)
    program.initial = program.row.copy()
    program.run(Cursor(data, span[0], order), span[1], start, pc)
    row = program.row
    if isinstance(row.cfa, tuple) and row.cfa[0] < 0:
        return None
    return Rules(row.cfa, row.registers, cie.return_register, cie.is_signal, row.windows)


_ADVANCE: Final = {0x02: 1, 0x03: 2, 0x04: 4, 0x1D: 8}


class _Program:
    def __init__(self, cie: Cie, order: Order, window_machine: bool) -> None:
        self.cie, self.order, self.window_machine = cie, order, window_machine
        self.row = _Row()
        self.initial = _Row()
        self.stack: list[_Row] = []

    def run(self, cursor: Cursor, end: int, location: int, pc: int | None) -> None:
        """Up to the first row that begins after `pc`."""
        cie = self.cie
        while cursor.at < end:
            opcode = cursor.number(1)
            high, low = opcode & 0xC0, opcode & 0x3F
            if high == 0x40:
                location += low * cie.code_align
            elif high == 0x80:
                self.row.registers[low] = Rule(Kind.OFFSET, cursor.uleb() * cie.data_align)
            elif high == 0xC0:
                self._restore(low)
            elif opcode == 0x01:  # DW_CFA_set_loc
                location = cursor.pointer(cie.encoding & 15, 0, cie.word)
            elif opcode in _ADVANCE:
                location += cursor.number(_ADVANCE[opcode]) * cie.code_align
            else:
                self._other(opcode, cursor)
            if pc is not None and location > pc:
                return

    def _restore(self, register: int) -> None:
        if register in self.initial.registers:
            self.row.registers[register] = self.initial.registers[register]
        else:
            self.row.registers.pop(register, None)

    def _other(self, opcode: int, cursor: Cursor) -> None:
        row, align = self.row, self.cie.data_align
        match opcode:
            case 0x00:  # nop
                return
            case 0x05:  # offset_extended
                register = cursor.uleb()
                row.registers[register] = Rule(Kind.OFFSET, cursor.uleb() * align)
            case 0x06:  # restore_extended
                self._restore(cursor.uleb())
            case 0x07:
                row.registers[cursor.uleb()] = Rule(Kind.UNDEFINED)
            case 0x08:
                row.registers[cursor.uleb()] = Rule(Kind.SAME)
            case 0x09:
                register = cursor.uleb()
                row.registers[register] = Rule(Kind.REGISTER, cursor.uleb())
            case 0x0A:  # remember_state
                self.stack.append(row.copy())
            case 0x0B:  # restore_state
                self.row = self.stack.pop()
            case 0x0C:  # def_cfa
                register = cursor.uleb()
                row.cfa = (register, cursor.uleb())
            case 0x0D:  # def_cfa_register
                row.cfa = (cursor.uleb(), row.cfa[1] if isinstance(row.cfa, tuple) else 0)
            case 0x0E | 0x13:  # def_cfa_offset, def_cfa_offset_sf
                offset = cursor.uleb() if opcode == 0x0E else cursor.sleb() * align
                row.cfa = (row.cfa[0] if isinstance(row.cfa, tuple) else -1, offset)
            case 0x0F:  # def_cfa_expression
                row.cfa = cursor.block(cursor.uleb())
            case 0x10 | 0x16:  # expression, val_expression
                register = cursor.uleb()
                kind = Kind.EXPRESSION if opcode == 0x10 else Kind.VAL_EXPRESSION
                row.registers[register] = Rule(kind, cursor.block(cursor.uleb()))
            case 0x11:  # offset_extended_sf
                register = cursor.uleb()
                row.registers[register] = Rule(Kind.OFFSET, cursor.sleb() * align)
            case 0x12:  # def_cfa_sf
                register = cursor.uleb()
                row.cfa = (register, cursor.sleb() * align)
            case 0x14 | 0x15:  # val_offset, val_offset_sf
                register = cursor.uleb()
                offset = cursor.uleb() if opcode == 0x14 else cursor.sleb()
                row.registers[register] = Rule(Kind.VAL_OFFSET, offset * align)
            case 0x2D:  # GNU_window_save; on AArch64 negate_ra_state: the caller strips signatures anyway
                row.windows = self.window_machine
            case 0x2E:  # GNU_args_size
                cursor.uleb()
            case 0x2F:  # GNU_negative_offset_extended
                register = cursor.uleb()
                row.registers[register] = Rule(Kind.OFFSET, -cursor.uleb() * align)
            case _:
                raise ValueError(opcode)
