"""What a function has done to its frame: registers and stack slots in terms of what they held when it was called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

_OPERANDS = re.compile(r",\s*(?![^\[({]*[\])}])")  # commas outside brackets


class Flow(Enum):
    """Where an instruction leads."""

    NEXT = "on"
    CALL = "to a function that comes back"
    BRANCH = "perhaps elsewhere"
    JUMP = "elsewhere"
    END = "out of the function"
    TRAP_RETURN = "out of a trap handler"


@dataclass(frozen=True, slots=True)
class Entry:
    """What `register` held when the function was called."""

    register: str


@dataclass(frozen=True, slots=True)
class Place:
    """What the stack pointer was when the function was called, and `offset` bytes."""

    offset: int


Value: TypeAlias = Entry | Place | int | None  # None: not known


@dataclass(slots=True)
class State:
    """`changed` maps registers to what they hold, where that is not what they held at the call. `slots` maps the offset
    of a word from the stack pointer at the call to the register whose value at the call it holds."""

    sp: str
    word: int
    changed: dict[str, Value] = field(default_factory=dict)
    slots: dict[int, str] = field(default_factory=dict)
    window: bool = False  # a register window of its own

    def copy(self) -> State:
        return State(self.sp, self.word, dict(self.changed), dict(self.slots), self.window)

    def get(self, register: str) -> Value:
        if register in self.changed:
            return self.changed[register]
        return Place(0) if register == self.sp else Entry(register)

    def put(self, register: str, value: Value) -> None:
        if value == Entry(register) and register != self.sp:
            self.changed.pop(register, None)
        else:
            self.changed[register] = value

    def forget(self, register: str) -> None:
        self.changed[register] = None

    def move(self, target: str, source: str) -> None:
        self.put(target, self.get(source))

    def add(self, target: str, source: str, amount: int) -> None:
        value = self.get(source)
        if isinstance(value, Place):
            self.put(target, Place(value.offset + amount))
        else:
            self.put(target, value + amount if isinstance(value, int) else None)

    def add_register(self, target: str, left: str, right: str, sign: int = 1) -> None:
        a, b = self.get(left), self.get(right)
        if isinstance(b, int):
            self.add(target, left, sign * b)
        elif isinstance(a, int) and sign > 0:
            self.add(target, right, a)
        else:
            self.forget(target)

    def store(self, register: str, base: str, offset: int) -> None:
        place, value = self.get(base), self.get(register)
        if isinstance(place, Place):
            at = place.offset + offset
            if isinstance(value, Entry):
                if value.register not in self.slots.values() or at in self.slots:
                    self.slots[at] = value.register
            else:
                self.slots.pop(at, None)

    def load(self, register: str, base: str, offset: int) -> None:
        place = self.get(base)
        saved = self.slots.get(place.offset + offset) if isinstance(place, Place) else None
        self.put(register, Entry(saved) if saved is not None else None)

    def push(self, registers: Sequence[str], size: int | None = None) -> None:
        """The first at the lowest address; "" is a word of something else."""
        size = size or self.word
        self.add(self.sp, self.sp, -size * len(registers))
        for index, register in enumerate(registers):
            if register:
                self.store(register, self.sp, index * size)

    def pop(self, registers: Sequence[str], size: int | None = None) -> None:
        size = size or self.word
        for index, register in enumerate(registers):
            if register and register != self.sp:
                self.load(register, self.sp, index * size)
        self.add(self.sp, self.sp, size * len(registers))


def operands(text: str) -> list[str]:
    """The operands of an instruction, as Capstone prints them."""
    return _OPERANDS.split(text) if text else []


def number(text: str) -> int | None:
    """``#-0x10``, ``$f440``, ``12``; None for what is no number."""
    text = text.strip().lstrip("#")
    sign = -1 if text.startswith("-") else 1
    text = text.lstrip("+-")
    try:
        return sign * (int(text[1:], 16) if text.startswith("$") else int(text, 0))
    except ValueError:
        return None


_AT = re.compile(r"^([-+]?(?:0x)?[0-9a-f]*)\(([%$\w]+)\)$")


def displaced(text: str) -> tuple[str, int] | None:
    """(base, offset) of ``0x48(sp)``."""
    found = _AT.match(text.strip())
    if found is None:
        return None
    return found[2].lstrip("$%"), number(found[1]) or 0 if found[1] else 0
