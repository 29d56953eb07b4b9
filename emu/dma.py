"""Guest RAM as devices reach it by themselves."""

from __future__ import annotations

from collections.abc import Callable

from emu.memory import MemoryMap, Permission, Region


class Dma:
    """An `emu.device.Memory` over `memory`. `written` is called after each write: the engine may hold code that was
    translated from what was there before."""

    def __init__(self, memory: MemoryMap, written: Callable[[], None]) -> None:
        self._memory, self._written = memory, written

    def holds(self, address: int, size: int) -> bool:
        return self._region(address, size) is not None

    def read(self, address: int, size: int) -> bytes | None:
        region = self._region(address, size)
        if region is None:
            return None
        start = address - region.base
        return region.view[start : start + size].tobytes()

    def write(self, address: int, data: bytes) -> bool:
        if self._region(address, len(data)) is None:
            return False
        self._memory.write(address, data)
        self._written()
        return True

    def clear(self, address: int, size: int) -> bool:
        region = self._region(address, size)
        if region is None:
            return False
        region.ram.zero(region.offset + address - region.base, size)
        self._written()
        return True

    def _region(self, address: int, size: int) -> Region | None:
        """The RAM that holds all of [address, address + size); ROM is none."""
        region = self._memory.find(address)
        if region is None or not region.permissions & Permission.WRITE:
            return None
        return region if size >= 0 and address + size <= region.base + region.size else None
