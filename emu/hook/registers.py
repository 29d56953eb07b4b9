"""Registers that a hook can read: where compiled code finds them."""

from __future__ import annotations

import difflib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emu.debug.privilege import privilege_bits
from isa.register import Role

if TYPE_CHECKING:
    from emu.engine.engine import Engine

_TRIES: Final = 3


class NoRegister(Exception):
    """The text says which there are."""


@dataclass(frozen=True, slots=True)
class Found:
    """zero: it is always 0. number: the engine's own, to ask its API. Else `size` bytes at `offset` of the CPU state."""

    zero: bool = False
    number: int | None = None
    offset: int = 0
    size: int = 0


class Registers:
    """Of the ISA and CPU model of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._isa, self._view, self._size = engine.isa, engine.registers, len(engine.state)

    def find(self, name: str) -> Found:
        """Raises NoRegister."""
        names = {each for row in self._isa.registers for each in (row.name, *row.aliases)}
        if name not in names:
            near = difflib.get_close_matches(name, names, 3)
            meant = f": did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise NoRegister(
                f"{self._isa.name} has no register {name!r}{meant or '; axemu isa show lists them'}"
            )
        register = self._isa.register(name)
        if register.role is Role.PC:
            raise NoRegister("the program counter is ctx.pc")
        if register.role is Role.ZERO:
            return Found(zero=True)
        place = self._view.places.get(register.name)
        if place is not None and place[1] in (1, 2, 4, 8) and self._plain(register.name, *place):
            return Found(offset=place[0], size=place[1])
        if register.unicorn is None or register.bits > 64:
            raise NoRegister(f"register {name!r} of {self._isa.name} cannot be read in a hook")
        return Found(number=register.unicorn)

    def _plain(self, name: str, offset: int, size: int) -> bool:
        """Whether it is just the bytes there, whatever else the state holds."""
        chance = random.Random(name)
        for _ in range(_TRIES):
            state = chance.randbytes(self._size)
            if offset < 0 or self._view.get(state, name) != int.from_bytes(
                state[offset : offset + size], "little"
            ):
                return False
        return True

    def privilege(self) -> tuple[str, int]:
        """Raises NoRegister."""
        found = privilege_bits(self._isa)
        if found is None:
            raise NoRegister(f"{self._isa.name} shows no level of privilege")
        return found
