"""Variables, and where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from emu.debug.info.codes import At, Form
from emu.debug.info.dies import Die
from emu.debug.info.lists import location
from emu.debug.info.operations import (
    Frame,
    Implicit,
    InMemory,
    Place,
    Surroundings,
    Unavailable,
    evaluate,
)
from emu.debug.info.types import Type
from emu.symbols import SourceLine


class VariableKind(Enum):
    ARGUMENT = "argument"
    LOCAL = "local"
    GLOBAL = "global"


@dataclass(eq=False)
class Variable:
    """A variable of the program: `place` says where it is in a frame. `depth`: blocks around it in its function.

    `declared` is its line of declaration, `artificial` what the compiler added (C++'s this).
    """

    name: str
    type: Type
    kind: VariableKind
    die: Die = field(repr=False)
    function: Die | None = field(default=None, repr=False)  # whose frame base its location counts from
    base: int = 0
    declared: SourceLine | None = None
    depth: int = 0
    artificial: bool = False
    known_address: int | None = None  # guest-virtual, from the symbol table, where DWARF has only a declaration

    @cached_property
    def fixed(self) -> int | None:
        """Its guest-virtual address where that is the same at all times (globals, statics); else None."""
        if self.known_address is not None:
            return self.known_address
        held = self.die.inherited(At.LOCATION)
        expression = None if held is None else held.block(At.LOCATION)
        if expression is None or not expression:
            return None
        if expression[0] not in (0x03, 0xA1):  # DW_OP_addr, DW_OP_addrx
            return None
        place = evaluate(expression, _Nowhere(self.die), _around(self.die, None, self.base, 0, _Nowhere(self.die)))
        return place.address if isinstance(place, InMemory) else None

    def place(self, frame: Frame | None) -> Place:
        """Where it is, in `frame` (None: no frame is known, which is enough for globals)."""
        if self.fixed is not None:
            return InMemory(self.fixed)
        constant = self._constant()
        if constant is not None:
            return constant
        held = self.die.inherited(At.LOCATION)
        if held is None:
            return Unavailable()
        if frame is None:
            frame = _Nowhere(self.die)
            if not held.block(At.LOCATION):
                return Unavailable("it is known only in a frame of its function")
        return resolve(held, At.LOCATION, frame, self.function, self.base)

    def _constant(self) -> Implicit | None:
        if At.LOCATION in self.die.values:
            return None
        held = self.die.inherited(At.CONST_VALUE)
        if held is None:
            return None
        form, value = held.values[At.CONST_VALUE]
        order = held.unit.units.order
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            size = max(self.type.size, 1)
            return Implicit((value & (1 << 8 * size) - 1).to_bytes(size, order))
        if form == Form.STRING:
            return None
        return Implicit(bytes(value)) if isinstance(value, bytes | memoryview) else None


def resolve(
    die: Die, attribute: int, frame: Frame, function: Die | None, base: int, depth: int = 0
) -> Place:
    """The place that `attribute` of the entry describes, in a frame of `function`; the file lies at `base`."""
    expression, reason = location(die, attribute, frame.pc - base)
    if expression is None:
        return Unavailable(reason)
    return evaluate(expression, frame, _around(die, function, base, depth, frame))


def _around(die: Die, function: Die | None, base: int, depth: int, frame: Frame) -> Surroundings:
    def frame_base() -> Place:
        if function is None:
            return Unavailable("there is no function around it")
        return resolve(function, At.FRAME_BASE, frame, None, base, depth + 1)

    return Surroundings(frame_base, die.unit.indexed_address, base, die.unit.offset_size, depth)


class _Nowhere:
    """A frame of which nothing is known."""

    def __init__(self, die: Die) -> None:
        self.cfa = None
        self.pc = 0
        self.big_endian = die.unit.units.sections.big_endian
        self.address_size = die.unit.address_size

    def register(self, dwarf_number: int) -> int | None:
        return None

    def read(self, address: int, size: int) -> bytes:
        from emu.debug.errors import Unreadable  # noqa: PLC0415

        raise Unreadable(address, size)
