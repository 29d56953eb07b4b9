"""The registers of devices by name, as their manuals have them. Only people who look need them: no device does.

A table is a tuple of `DeviceRegister`, next to the device that it describes. A device that has one shows it as
`registers`, and as `hidden` the values that no read shows (`Registered`); one that has none shows raw words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, Flag
from itertools import product
from typing import Protocol, TypeAlias

from isa.register import Field


class Direction(Flag):
    READ = 1
    WRITE = 2
    BOTH = READ | WRITE


class Meaning(Enum):
    """What kind of number a register holds, where its fields do not say it."""

    WORD = "bits"
    COUNT = "a decimal number"
    CHARACTER = "a byte of text"
    ADDRESS = "a guest-physical address"
    TIME = "nanoseconds"
    SOURCE = "the number of an interrupt source, 0 for none"
    SOURCES = "bit b of element w is interrupt source 32 w + b"


@dataclass(frozen=True, slots=True)
class When:
    """A register is there while `register & mask == value`, by name; `register` may be one of `hidden`."""

    register: str
    mask: int
    value: int


@dataclass(frozen=True, slots=True)
class DeviceRegister:
    """`width` bytes at `offset`, by the name in the manual.

    array: (elements, bytes from one to the next), outermost first; empty for a single register.
    span: bytes at which it answers, where that is more than its width.
    selector: the register whose value says which of many stands here.
    cpu: the CPU keeps it, and shows it as this register of its own.
    """

    name: str
    offset: int
    width: int = 4
    fields: tuple[Field, ...] = ()
    access: Direction = Direction.BOTH
    description: str = ""
    meaning: Meaning = Meaning.WORD
    array: tuple[tuple[int, int], ...] = ()
    span: int = 0
    when: When | None = None
    selector: str = ""
    big_endian: bool = False
    cpu: str = ""

    @property
    def size(self) -> int:
        """Bytes at which one element answers."""
        return max(self.width, self.span)

    def elements(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """(index, offset) of each element; of a single register ((), offset)."""
        for index in product(*(range(count) for count, _ in self.array)):
            steps = zip(index, self.array, strict=True)
            yield index, self.offset + sum(at * stride for at, (_, stride) in steps)

    def text(self, value: int) -> str:
        """`value` in words, as far as the register's own rows say it; else empty."""
        if self.fields:
            return decoded(self.fields, value)
        match self.meaning:
            case Meaning.COUNT:
                return str(value) if value > 9 else ""
            case Meaning.CHARACTER:
                return repr(chr(value & 0xFF)) if 0x20 <= value & 0xFF < 0x7F or value in (9, 10, 13) else ""
            case Meaning.TIME:
                return f"{value} ns"
            case _:
                return ""


Table: TypeAlias = tuple[DeviceRegister, ...]
Selected: TypeAlias = Callable[[str], int | None]  # register by name -> its value, None: not known


class Registered(Protocol):
    """A device that has a table."""

    @property
    def registers(self) -> Table: ...


def registers_of(device: object) -> Table:
    """The device's table; empty where it has none."""
    found: Table = getattr(device, "registers", ())
    return found


def hidden_of(device: object) -> Mapping[str, int]:
    """Values that a read does not show (of registers that are only written), by name; empty for most devices."""
    found: Mapping[str, int] = getattr(device, "hidden", {})
    return found


@dataclass(frozen=True, slots=True)
class Located:
    """Where in a table an access lies: `inside` bytes from the start of an element."""

    register: DeviceRegister
    index: tuple[int, ...]
    inside: int
    selection: int | None = None  # what the selector held

    @property
    def name(self) -> str:
        """Such as `LSR`, `PRIORITY[17]`, `MTIMECMP[0]+4`."""
        chosen = () if self.selection is None else (self.selection,)
        shown = self.register.name + "".join(f"[{at}]" for at in (*chosen, *self.index))
        return f"{shown}+{self.inside}" if self.inside and not self.register.span else shown

    def word(self, value: int, width: int) -> int:
        """What `value`, an access of `width` bytes, is as a value of the register."""
        whole, inside = self.register.width, 0 if self.register.span else self.inside
        if self.register.big_endian:
            swapped = int.from_bytes(value.to_bytes(width, "little"), "big")
            return swapped << 8 * max(whole - inside - width, 0)
        return value << 8 * inside & (1 << 8 * whole) - 1


def locate(
    table: Iterable[DeviceRegister], offset: int, direction: Direction, selected: Selected
) -> Located | None:
    """The register that an access from `offset` on is of; None where the table has none there. A mode that is not known
    is taken for that of the first row that fits."""
    for row in table:
        if not row.access & direction or offset < row.offset:
            continue
        index, inside = [], offset - row.offset
        for count, stride in row.array:
            at, inside = divmod(inside, stride)
            if at >= count:
                break
            index.append(at)
        if len(index) < len(row.array) or inside >= row.size:
            continue
        if row.when is not None:
            mode = selected(row.when.register)
            if mode is not None and mode & row.when.mask != row.when.value:
                continue
        return Located(row, tuple(index), inside, selected(row.selector) if row.selector else None)
    return None


def decoded(fields: Iterable[Field], value: int) -> str:
    """The fields of a word: names of bits that are set, `NAME=value` of wider ones that are not zero or have a name for
    it. A field without a name of its own shows its value's only."""
    parts: list[str] = []
    for each in fields:
        number = each.of(value)
        name = dict(each.values).get(number)
        if name is not None:
            parts.append(f"{each.name}={name}" if each.name else name)
        elif number and each.width == 1 and not each.values:
            parts.append(each.name)
        elif number:
            parts.append(f"{each.name}={number:#x}" if each.name else f"{number:#x}")
    return " ".join(parts)


def bits(*names: str) -> tuple[Field, ...]:
    """One-bit fields from bit 0 up; an empty name leaves a bit out."""
    return tuple(Field(name, at) for at, name in enumerate(names) if name)
