"""A saved CPU state of the engine, read and written by register name."""

from __future__ import annotations

from typing import Final

WHOLE: Final = "engine"
"""The name under which `TableState.read` holds the whole state, for fields that have no name."""


class TableState:
    """Reads and writes one saved CPU state (`data`, in place) by name; places: name -> (offset, size in bytes)."""

    def __init__(self, places: dict[str, tuple[int, int]], *, whole: bool = True) -> None:
        self.places: Final = places
        self._whole = whole

    def get(self, data: bytes | bytearray | memoryview, name: str) -> int:
        at, size = self.places[name]
        return int.from_bytes(data[at : at + size], "little")

    def put(self, data: bytearray | memoryview, name: str, value: int) -> None:
        """`value` is cut to the register's width."""
        at, size = self.places[name]
        data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def read(self, data: bytes | bytearray | memoryview) -> dict[str, int]:
        """The whole state by name."""
        named = {name: self.get(data, name) for name in self.places}
        return {WHOLE: int.from_bytes(data, "little"), **named} if self._whole else named

    def write(self, data: bytearray | memoryview, registers: dict[str, int]) -> None:
        if self._whole and WHOLE in registers:
            data[:] = registers[WHOLE].to_bytes(len(data), "little")
        for name, value in registers.items():
            if name in self.places:
                self.put(data, name, value)
