"""The types of a Linux kernel (CONFIG_DEBUG_INFO_BTF), read from guest memory without any file or symbol.

A header is followed by types and by strings. Types are numbered from 1 on; what follows a type's three words depends on
its kind. Source: Linux, Documentation/bpf/btf.rst.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emu.machine import Machine

_MAGIC, _VERSION, _HEADER = 0xEB9F, 1, 24
_ARRAY, _STRUCT, _UNION, _TYPEDEF, _CONST = 3, 4, 5, 8, 10
_FIXED: Final = {1: 4, _ARRAY: 12, 14: 4, 17: 4}
"""Bytes behind a type, by kind; the others have none."""
_EACH: Final = {_STRUCT: 12, _UNION: 12, 6: 8, 13: 8, 15: 12, 19: 12}
"""Bytes for each of a type's parts."""
_KINDS: Final = 19
_DEEP: Final = 8


@dataclass(frozen=True, slots=True)
class Member:
    """`offset` in bytes; `count`: elements, where it is an array, else 0."""

    offset: int
    count: int


class Types:
    """Of one kernel. Raises ValueError for data that is no BTF."""

    def __init__(self, data: bytes, order: str) -> None:
        """order: "<" or ">"."""
        self._data, self._order = data, order
        try:
            self._read()
        except struct.error as error:
            raise ValueError("BTF that ends too early") from error

    def _read(self) -> None:
        magic, version, _, size, *places = struct.unpack_from(f"{self._order}HBB5I", self._data)
        types, types_size, strings, strings_size = places
        if (magic, version) != (_MAGIC, _VERSION) or size < _HEADER:
            raise ValueError("no BTF")
        self._strings = self._data[size + strings : size + strings + strings_size]
        if len(self._strings) != strings_size or self._strings[:1] != b"\0":
            raise ValueError("BTF without its strings")
        three, at, end = struct.Struct(f"{self._order}3I"), size + types, size + types + types_size
        self._places = [0]
        while at < end:
            _, info, _ = three.unpack_from(self._data, at)
            kind = info >> 24 & 31
            if not 0 < kind <= _KINDS:
                raise ValueError(f"BTF with a type of kind {kind}")
            self._places.append(at)
            at += 12 + _FIXED.get(kind, 0) + _EACH.get(kind, 0) * (info & 0xFFFF)

    def _words(self, at: int, count: int) -> tuple[int, ...]:
        return struct.unpack_from(f"{self._order}{count}I", self._data, at)

    def _string(self, at: int) -> str:
        return self._strings[at : self._strings.index(b"\0", at)].decode(errors="replace")

    def structure(self, name: str) -> int | None:
        """The number of a structure, None where there is none or are several of that name."""
        at = self._strings.find(b"\0" + name.encode() + b"\0") + 1
        found = [
            number
            for number, place in enumerate(self._places[1:], 1)
            if at and self._words(place, 2)[0] == at and self._words(place, 2)[1] >> 24 & 31 == _STRUCT
        ]
        return found[0] if len(found) == 1 else None

    def member(self, structure: int, name: str, deep: int = _DEEP) -> Member | None:
        """A member, also of a structure without a name inside; None where there is none, or it is a bit field."""
        for called, kind, offset in self._members(structure):
            if called == name:
                return None if offset is None else Member(offset, self._count(kind))
            inside = self._aggregate(kind) if not called and deep else None
            found = self.member(inside, name, deep - 1) if inside is not None else None
            if found is not None and offset is not None:
                return Member(offset + found.offset, found.count)
        return None

    def _members(self, number: int) -> Iterator[tuple[str, int, int | None]]:
        """(name, type, bytes from the start) of each."""
        place = self._places[number]
        _, info, _ = self._words(place, 3)
        for i in range(info & 0xFFFF):
            called, kind, bits = self._words(place + 12 + 12 * i, 3)
            width = bits >> 24 if info >> 31 else 0
            if info >> 31:
                bits &= 0xFFFFFF
            yield self._string(called), kind, None if width or bits & 7 else bits >> 3

    def _aggregate(self, number: int) -> int | None:
        kind = self._words(self._places[number], 2)[1] >> 24 & 31 if 0 < number < len(self._places) else 0
        return number if kind in (_STRUCT, _UNION) else None

    def _count(self, number: int) -> int:
        for _ in range(_DEEP):
            if not 0 < number < len(self._places):
                break
            _, info, other = self._words(self._places[number], 3)
            kind = info >> 24 & 31
            if kind == _ARRAY:
                return self._words(self._places[number] + 12, 3)[2]
            if not _TYPEDEF <= kind <= _CONST:
                break
            number = other
        return 0


def kernel_types(machine: Machine) -> Types | None:
    """Those of the kernel in the machine's RAM, the first that are there; None where none are."""
    order = "<" if machine.isa.endian == "little" else ">"
    wanted = struct.pack(f"{order}HBBI", _MAGIC, _VERSION, 0, _HEADER)
    for start, end in machine.ram.touched():
        data = bytes(machine.ram.view[start:end])
        at = data.find(wanted)
        while at >= 0:
            places = struct.unpack_from(f"{order}4I", data, at + 8) if at + _HEADER <= len(data) else (0,) * 4
            size = _HEADER + places[2] + places[3]
            try:
                types = Types(data[at : at + size], order)
            except ValueError:
                pass
            else:
                if types.structure("task_struct") is not None:
                    return types
            at = data.find(wanted, at + 1)
    return None
