"""A stopped machine's memory as a test looks at it: by guest-virtual address or symbol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from axemu.suite.places import address_of
from emu.debug.memory import GuestMemory
from emu.errors import AddressError, ConfigError
from emu.expectation import Place
from emu.expectation import place as parsed
from emu.machine import Machine

Where = int | str | Place
"""A guest-virtual address, or "symbol", "symbol+0x10", "0x80000000"."""


def place_of(where: Where) -> Place:
    """Raises ConfigError for text that is no place."""
    if isinstance(where, Place):
        return where
    if isinstance(where, int):
        return Place("", where)
    found = parsed(where)
    if found is None:
        raise ConfigError("place", "a symbol, symbol+offset or an address", repr(where))
    return found


class Memory:
    """Guest memory by guest-virtual address, as the running vCPU's page tables have it now: what it may read, write or
    execute there is seen, and can be written. No accessed or dirty bit changes.

    Raises AddressError where nothing is mapped, UnknownName for a symbol that the program lacks."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._order: Final[Literal["little", "big"]] = "big" if machine.isa.endian == "big" else "little"

    def read(self, where: Where, size: int) -> bytes:
        address = address_of(self._machine, place_of(where))
        pieces = self._pieces(address, size, "read")
        return b"".join(self._machine.memory.read(physical, count) for physical, count in pieces)

    def write(self, where: Where, data: bytes | bytearray) -> None:
        """All or nothing."""
        address = address_of(self._machine, place_of(where))
        pieces = list(self._pieces(address, len(data), "write"))
        for physical, count in pieces:
            self._machine.memory.pieces(physical, count, "write")
        at = 0
        for physical, count in pieces:
            self._machine.memory.write(physical, data[at : at + count])
            at += count
        self._machine.forget_code()

    def text(self, where: Where, limit: int = 4096) -> str:
        """The bytes up to a zero, or `limit` of them, as UTF-8; others are replaced."""
        address, found = address_of(self._machine, place_of(where)), bytearray()
        while len(found) < limit and (byte := self.read(address + len(found), 1)) != b"\0":
            found += byte
        return found.decode("utf-8", "replace")

    def u8(self, where: Where, value: int | None = None) -> int:
        """The byte there; with `value`, written first."""
        return self._number(where, 1, value)

    def u16(self, where: Where, value: int | None = None) -> int:
        return self._number(where, 2, value)

    def u32(self, where: Where, value: int | None = None) -> int:
        return self._number(where, 4, value)

    def u64(self, where: Where, value: int | None = None) -> int:
        return self._number(where, 8, value)

    def _number(self, where: Where, width: int, value: int | None) -> int:
        if value is not None:
            value &= (1 << 8 * width) - 1
            self.write(where, value.to_bytes(width, self._order))
            return value
        return int.from_bytes(self.read(where, width), self._order)

    def _pieces(self, address: int, size: int, action: str) -> Iterator[tuple[int, int]]:
        """(guest-physical address, bytes) page by page."""
        machine = self._machine
        memory, page = GuestMemory(machine), machine.isa.page_size
        at, end = address, address + size
        while at < end:
            count = min(end, (at // page + 1) * page) - at
            physical = memory.translate(at)
            if physical is None:
                raise AddressError(action, address, size, at)
            yield physical, count
            at += count
