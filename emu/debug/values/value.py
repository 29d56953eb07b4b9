"""A value: a type, and bytes or the reason why there are none."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Protocol

from emu.debug.errors import DebugError, NotPossible
from emu.debug.info import (
    Frame,
    Implicit,
    InMemory,
    InRegister,
    Kind,
    Member,
    Pieces,
    Place,
    Type,
    Unavailable,
    Variable,
)
from emu.debug.info.codes import Encoding

_LARGEST: Final = 1 << 20  # bytes of one value


class Memory(Protocol):
    """What values are read from."""

    def read(self, address: int, size: int) -> bytes:
        """Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """`data` are its bytes in the guest's order, or the reason why it has none ("optimized out").

    `address` is where it lies, guest-virtual, None where in no memory; `register` the DWARF number of the register that
    holds it. Of a bit field `bits` and `bit_offset` are as in Member; `data` are the bytes around it.
    """

    type: Type
    data: bytes | str
    address: int | None = None
    big_endian: bool = False
    register: int | None = None
    bits: int = 0
    bit_offset: int = 0
    name: str = ""  # of the guest's register that it is, where it is one

    @classmethod
    def number(cls, type_: Type, number: int | float, *, big_endian: bool = False) -> Value:
        """The scalar, cut to its type."""
        plain = type_.strip()
        size = max(plain.size, 1)
        if plain.encoding == Encoding.FLOAT and plain.kind is Kind.BASE:
            form = {2: "e", 4: "f", 8: "d"}.get(size, "d")
            try:
                packed = struct.pack((">" if big_endian else "<") + form, float(number))
            except OverflowError:
                packed = struct.pack((">" if big_endian else "<") + form, float("inf"))
            return cls(type_, packed, big_endian=big_endian)
        if isinstance(number, float) and not isfinite(number):
            number = bool(number) if plain.encoding == Encoding.BOOLEAN else 0  # C leaves it undefined
        cut = int(bool(number)) if plain.encoding == Encoding.BOOLEAN else int(number) & (1 << 8 * size) - 1
        return cls(type_, cut.to_bytes(size, "big" if big_endian else "little"), big_endian=big_endian)

    @property
    def order(self) -> Any:  # noqa: ANN401 - "big" or "little", for int.from_bytes
        return "big" if self.big_endian else "little"

    @property
    def reason(self) -> str:
        """Why it has no bytes, empty where it has."""
        return self.data if isinstance(self.data, str) else ""

    @property
    def raw(self) -> int:
        """Its bytes (of a bit field its bits) as an unsigned number. Raises NotPossible where it has none."""
        if isinstance(self.data, str):
            raise NotPossible(f"a value of type {self.type}", self.data)
        whole = int.from_bytes(self.data, self.order)
        if not self.bits:
            return whole
        low = 8 * len(self.data) - self.bit_offset - self.bits if self.big_endian else self.bit_offset
        return whole >> max(low, 0) & (1 << self.bits) - 1

    @property
    def scalar(self) -> int | float:
        """The number that a scalar is; of an array or function its address. Raises NotPossible for structs."""
        plain = self.type.strip()
        if plain.kind in (Kind.ARRAY, Kind.FUNCTION) and self.address is not None:
            return self.address
        if not self.type.scalar:
            raise NotPossible(
                f"a number of a value of type {self.type}", "it is no scalar", "Name a member of it"
            )
        raw = self.raw
        if plain.kind is Kind.BASE and plain.encoding == Encoding.FLOAT:
            return self._float()
        width = self.bits or max(8 * len(self.data), 1)
        return raw - (1 << width) if self.type.signed and raw >> width - 1 & 1 else raw

    def _float(self) -> float:
        assert isinstance(self.data, bytes)
        form = {2: "e", 4: "f", 8: "d"}.get(len(self.data))
        if form is not None:
            return float(struct.unpack((">" if self.big_endian else "<") + form, self.data)[0])
        number = int.from_bytes(self.data, self.order)
        if len(self.data) in (10, 12) or (len(self.data) == 16 and not self.big_endian and not number >> 80):
            exponent, fraction = number >> 64 & 0x7FFF, number & (1 << 64) - 1  # x87
            sign, scale = number >> 79 & 1, 63
        else:
            exponent, fraction = number >> 112 & 0x7FFF, number & (1 << 112) - 1  # IEEE 754 binary128
            sign, scale = number >> 127 & 1, 112
            fraction |= (1 << 112) if exponent else 0
        if exponent == 0x7FFF:
            return float("nan") if fraction << 1 & (1 << scale) - 1 else float("-inf" if sign else "inf")
        try:
            value = float(fraction) * 2.0 ** (exponent - 16383 - scale)
        except OverflowError:
            value = float("inf")
        return -value if sign else value

    def __int__(self) -> int:
        return int(self.scalar)

    def __index__(self) -> int:
        return int(self.scalar)

    def __bool__(self) -> bool:
        return bool(self.scalar)

    def part(self, member: Member) -> Value:
        """That member of a struct or union."""
        plain = member.type.strip()
        size = plain.size
        if member.bits:
            size = max((member.bit_offset + member.bits + 7) // 8, 1)
        address = None if self.address is None else self.address + member.offset
        data = self.data if isinstance(self.data, str) else self.data[member.offset : member.offset + size]
        if isinstance(data, bytes) and len(data) < size:
            data = "its type is longer than its bytes"
        return Value(
            member.type, data, address, self.big_endian, bits=member.bits, bit_offset=member.bit_offset
        )

    def element(self, index: int) -> Value:
        """That element of an array whose bytes are held."""
        inner = self.type.strip().target
        size = inner.strip().size
        start = index * size
        address = None if self.address is None else self.address + start
        if isinstance(self.data, str):
            return Value(inner, self.data, address, self.big_endian)
        return Value(inner, self.data[start : start + size], address, self.big_endian)

    def __str__(self) -> str:
        from emu.debug.values.printing import Printer  # noqa: PLC0415

        return Printer().text(self)


def read_value(memory: Memory, type_: Type, address: int, big_endian: bool) -> Value:
    """What lies at `address`. Raises Unreadable; a value that is too large to hold has that as its reason."""
    plain = type_.strip()
    if plain.kind is Kind.FUNCTION:
        return Value(type_, b"", address, big_endian)
    if plain.size > _LARGEST:
        return Value(type_, f"{plain.size} bytes are more than one value may have", address, big_endian)
    if not plain.size and plain.kind in (Kind.STRUCT, Kind.UNION) and plain.incomplete:
        return Value(type_, "incomplete type", address, big_endian)
    return Value(type_, memory.read(address, plain.size) if plain.size else b"", address, big_endian)


def variable_value(variable: Variable, frame: Frame | None, memory: Memory, *, big_endian: bool) -> Value:
    """The variable's value in `frame`; what cannot be had has a reason. Raises Unreadable."""
    return place_value(variable.type, variable.place(frame), frame, memory, big_endian=big_endian)


def place_value(type_: Type, place: Place, frame: Frame | None, memory: Memory, *, big_endian: bool) -> Value:
    """The value of that type at the place."""
    if isinstance(place, InMemory):
        return read_value(memory, type_, place.address, big_endian)
    register = place.number if isinstance(place, InRegister) else None
    held = _bits(place, 8 * max(type_.strip().size, 0), 0, frame, memory, big_endian)
    return Value(type_, held, None, big_endian, register)


def _bits(
    place: Place, bits: int, offset: int, frame: Frame | None, memory: Memory, big: bool
) -> bytes | str:
    """`bits` (whole bytes) of what is at the place, from bit `offset` on."""
    size = (bits + 7) // 8
    order: Any = "big" if big else "little"
    if size > _LARGEST:
        return f"{size} bytes are more than one value may have"
    match place:
        case Unavailable(reason):
            return reason
        case InMemory(address):
            try:
                return memory.read(address + offset // 8, size)
            except DebugError as error:
                return str(error).rstrip(".")
        case InRegister(number):
            value = None if frame is None else frame.register(number)
            if value is None:
                return "not saved in this frame"
            return (value >> offset & (1 << 8 * size) - 1).to_bytes(size, order)
        case Implicit(data, scalar):
            if scalar:
                number = int.from_bytes(data, order, signed=True) >> offset
                return (number & (1 << 8 * size) - 1).to_bytes(size, order)
            return data[:size] if len(data) >= size else data.ljust(size, b"\0")
        case Pieces(parts):
            found = b""
            for part in parts:
                if part.bits % 8:
                    return "its pieces are not whole bytes"
                held = _bits(part.place, part.bits, part.offset, frame, memory, big)
                if isinstance(held, str):
                    return held
                found += held
            return found[:size] if len(found) >= size else "optimized out in part"
