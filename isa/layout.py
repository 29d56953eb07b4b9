"""Where the engine keeps registers in a saved CPU state: measured on a live engine, never assumed.

A pattern is written to a register through the API, the state saved, and the place found that followed.
"""

from __future__ import annotations

from typing import Protocol


class Probe(Protocol):
    """What calibration needs of an engine."""

    wide: bool

    def write(self, register: int, value: int) -> None: ...

    def read(self, register: int) -> int: ...

    def execute(self, instruction: int, a0: int) -> None:
        """Run one 32-bit instruction with register a0 set."""
        ...

    def execute_code(self, data: bytes, code: int) -> None:
        """Run straight-line code at an address of its own page, to its end."""
        ...

    def state_now(self) -> bytes:
        """The CPU state of a context saved now."""
        ...


class NotFound(RuntimeError):
    """The engine's CPU state does not follow a register: another version of the engine."""


def follow(probe: Probe, register: int, values: tuple[int, int], size: int, alignment: int = 4) -> int:
    """Offset of the field of `size` bytes that takes on both values when the register is written; it then holds 0."""
    states = []
    for value in values:
        probe.write(register, value)
        states.append(probe.state_now())
    probe.write(register, 0)
    words = [value.to_bytes(size, "little") for value in values]
    found = -1
    while (found := states[0].find(words[0], found + 1)) >= 0:
        if found % alignment == 0 and states[1][found : found + size] == words[1]:
            return found
    raise NotFound(f"the engine's CPU state holds no field that follows register {register}")


def changed(before: bytes, after: bytes) -> list[int]:
    """Offsets of the 32-bit words that differ."""
    return [i for i in range(0, len(before), 4) if before[i : i + 4] != after[i : i + 4]]
