"""Values as text, as gdb's print and its formats write them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Final

from emu.debug.errors import DebugError, NotPossible
from emu.debug.info import Kind, Type
from emu.debug.info.codes import Encoding
from emu.debug.info.types import base
from emu.debug.values.value import Memory, Value

if TYPE_CHECKING:
    from emu.symbols import SymbolTable

_DEEPEST: Final = 20
_WHOLE: Final = base("long long", 8, Encoding.SIGNED)
_ESCAPES: Final = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 27: "\\033"}


@dataclass(frozen=True, slots=True)
class Printer:
    """How values are written. `elements` and `repeats` are gdb's limits; `memory` follows pointers to text, `symbols`
    names what pointers point to; either may be missing. `instruction` disassembles at an address, for /i."""

    symbols: SymbolTable | None = None
    memory: Memory | None = None
    elements: int = 200
    repeats: int = 10
    instruction: Callable[[int], str] | None = None

    def text(self, value: Value, format_: str = "") -> str:
        """The value in gdb's format letter (x d u t o c s a i f z), or by its type. Raises NotPossible for another."""
        letter = format_.lstrip("/")
        if letter and letter not in "xdutocsaifz":
            raise NotPossible(f"format /{letter}", "it is none of x d u t o c s a i f z")
        if value.reason:
            return f"<{value.reason}>"
        return self._prefix(value, letter) + self._any(value, letter, 0)

    def _prefix(self, value: Value, letter: str) -> str:
        """A pointer by itself shows its type, a function too."""
        plain = value.type.strip()
        if letter not in ("", "s"):
            return ""
        if plain.kind is Kind.POINTER and not plain.target.character:
            return f"({value.type}) "
        return f"{{{value.type}}} " if plain.kind is Kind.FUNCTION else ""

    def _any(self, value: Value, letter: str, depth: int) -> str:
        if value.reason:
            return f"<{value.reason}>"
        plain = value.type.strip()
        kind = plain.kind
        if depth > _DEEPEST:
            return "{...}"
        if kind in (Kind.STRUCT, Kind.UNION):
            parts = []
            for member in plain.members:
                text = self._any(value.part(member), letter, depth + 1)
                parts.append(f"{member.name} = {text}" if member.name else text)
            return "{" + ", ".join(parts) + "}"
        if kind is Kind.ARRAY:
            return self._array(value, letter, depth)
        if kind is Kind.FUNCTION:
            return self._address(value.address or 0)
        if kind is Kind.VOID:
            return "void"
        return self._formatted(value, letter) if letter not in ("", "s") else self._scalar(value)

    def _scalar(self, value: Value) -> str:
        plain = value.type.strip()
        number = value.scalar
        if plain.kind in (Kind.POINTER, Kind.REFERENCE):
            return self._pointer(value, int(number))
        if plain.kind is Kind.ENUM:
            return _enumerator(plain, int(number))
        if plain.encoding == Encoding.BOOLEAN:
            return {0: "false", 1: "true"}.get(int(number), str(number))
        if plain.encoding == Encoding.FLOAT:
            return _float(float(number), plain.size)
        return f"{number} {_character(int(number))}" if value.type.character else str(number)

    def _pointer(self, value: Value, address: int) -> str:
        target = value.type.strip().target
        if target.character:
            return f"{address:#x}" + (f" {text}" if address and (text := self._string(address)) else "")
        function = target.strip().kind is Kind.FUNCTION
        return self._address(address) if function else self._address(address, data=True)

    def _address(self, address: int, *, data: bool = False) -> str:
        name = None if self.symbols is None or not address else self.symbols.name(address)
        return f"{address:#x}" + (f" <{name}>" if name else "")

    def _string(self, address: int) -> str:
        """The text at `address` up to a zero, as C writes it."""
        if self.memory is None:
            return ""
        data = bytearray()
        try:
            while len(data) < self.elements:
                piece = self.memory.read(address + len(data), 1)
                if piece == b"\0":
                    return self._quoted(bytes(data), False)
                data += piece
        except DebugError:
            if not data:
                return f"<error: Cannot access memory at address {address:#x}>"
        return self._quoted(bytes(data), True)

    def _array(self, value: Value, letter: str, depth: int) -> str:
        plain = value.type.strip()
        inner = plain.target
        size = inner.strip().size
        data = value.data
        assert isinstance(data, bytes)
        if inner.character and letter in ("", "s"):
            cut = data.rstrip(b"\0")
            zeros = len(data) - len(cut)
            shown = cut if zeros and len(cut) < self.elements else data
            if zeros > 1 or not zeros:
                shown = data[:-1] if data.endswith(b"\0") else data
            return self._quoted(shown[: self.elements], len(shown) > self.elements)
        texts, more = self._runs(value, letter, depth, data, size)
        return "{" + ", ".join(texts) + ("..." if more else "") + "}"

    def _runs(self, value: Value, letter: str, depth: int, data: bytes, size: int) -> tuple[list[str], bool]:
        """The elements up to the limit, those repeated once (they count as `repeats`); whether there are more."""
        texts: list[str] = []
        index, shown, total = 0, 0, len(data) // size if size else 0
        while index < total and shown < self.elements:
            same = index + 1
            first = data[index * size : index * size + size]
            while same < total and data[same * size : same * size + size] == first:
                same += 1
            text = self._any(value.element(index), letter, depth + 1)
            if same - index >= self.repeats:
                texts.append(f"{text} <repeats {same - index} times>")
                index, shown = same, shown + self.repeats
            else:
                texts.append(text)
                index, shown = index + 1, shown + 1
        return texts, index < total

    def _quoted(self, data: bytes, more: bool) -> str:
        """A string literal, with runs of one character that are longer than the limit taken out, as gdb does."""
        parts: list[str] = []
        plain = ""
        index = 0
        while index < len(data):
            same = index + 1
            while same < len(data) and data[same] == data[index]:
                same += 1
            if same - index >= self.repeats:
                if plain:
                    parts.append(f'"{plain}"')
                    plain = ""
                parts.append(f"'{_escaped(data[index], quote=39)}' <repeats {same - index} times>")
                index = same
                continue
            following = data[index + 1] if index + 1 < len(data) else 0
            plain += _escaped(data[index], quote=34, digit=48 <= following <= 57)
            index += 1
        if plain or not parts:
            parts.append(f'"{plain}"')
        return ", ".join(parts) + ("..." if more else "")

    def _formatted(self, value: Value, letter: str) -> str:
        plain = value.type.strip()
        width = 8 * max(plain.size, 1)
        if letter == "f":
            return _float(_as_float(value), plain.size)
        raw = (
            int(value.scalar) & (1 << width) - 1 if value.bits else value.raw
        )  # as wide as its type, as in gdb
        if plain.encoding == Encoding.FLOAT and letter in "ca":  # the others show its bits
            raw = Value.number(_WHOLE, value.scalar).raw & (1 << width) - 1
        signed = raw - (1 << width) if raw >> width - 1 & 1 else raw
        if letter == "x":
            return f"{raw:#x}"
        if letter == "z":
            return f"{raw:#0{width // 4 + 2}x}"
        if letter == "d":
            return str(signed)
        if letter == "u":
            return str(raw)
        if letter == "t":
            return f"{raw:b}"
        if letter == "o":
            return f"0{raw:o}" if raw else "0"
        if letter == "c":
            low = raw & 0xFF
            shown = (low - 256 if low > 127 else low) if value.type.signed or plain.kind is Kind.BASE else low
            return f"{shown} {_character(low)}"
        if letter == "a":
            return self._address(raw)
        if self.instruction is None:
            raise NotPossible("format /i", "nothing disassembles here", "Use x/i ADDRESS")
        return self.instruction(raw)


def _enumerator(type_: Type, number: int) -> str:
    """Its name; flags joined by |; else the number."""
    for name, value in type_.enumerators:
        if value == number:
            return name
    values = [value for _, value in type_.enumerators]
    flags = len(values) > 1 and all(value >= 0 and value.bit_count() <= 1 for value in values)
    if not flags or not number:
        return str(number)
    parts, rest = [], number
    for name, value in type_.enumerators:
        if value and rest & value:
            parts.append(name)
            rest &= ~value
    if not parts:
        return f"(unknown: {number:#x})"
    return "(" + " | ".join([*parts, *([f"unknown: {rest:#x}"] if rest else [])]) + ")"


def _as_float(value: Value) -> float:
    """Its number; of a whole number as wide as a float or double what its bits are as one, as in gdb."""
    plain = value.type.strip()
    form = {4: "f", 8: "d"}.get(plain.size)
    if plain.encoding == Encoding.FLOAT or form is None or value.bits or not isinstance(value.data, bytes):
        return float(value.scalar)
    return float(struct.unpack((">" if value.big_endian else "<") + form, value.data)[0])


def _float(number: float, size: int) -> str:
    if isnan(number):
        return "nan"
    if number in (float("inf"), float("-inf")):
        return "inf" if number > 0 else "-inf"
    return f"{number:.{9 if size == 4 else 5 if size == 2 else 17}g}" if size <= 8 else f"{number:.18g}"


def _escaped(byte: int, quote: int, digit: bool = False) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    if byte in (quote, 92):
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def _character(number: int) -> str:
    return f"'{_escaped(number & 0xFF, quote=39)}'"
