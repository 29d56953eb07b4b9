"""Guest RAM as devices reach it by themselves.

Only what the guest may write is there: ROM and device windows are not. What was written is told to the machine, since
an engine may hold code that was translated from what was there before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from emu.errors import AddressError
from emu.memory import MemoryMap, Permission

Span = tuple[int, int]
"""(guest-physical address, bytes)."""


class Dma:
    """An `emu.device.Memory` over what `memory` holds now, and views of it for a device that moves much: the memory's
    own bytes, nothing copied.

    `wrote` is called with the spans that were written, neighbours joined: after each `write` and `clear`, and by
    `settle` for those that a device has announced with `written`.
    """

    def __init__(self, memory: MemoryMap, wrote: Callable[[Sequence[Span]], None]) -> None:
        self._usable = [each for each in memory.regions if each.permissions & Permission.WRITE]
        self._bases = [each.base for each in self._usable]
        self._views = [each.view.data for each in self._usable]
        self._wrote = wrote
        self._written: list[Span] = []

    @property
    def size(self) -> int:
        """Bytes of memory there are."""
        return sum(map(len, self._views))

    def view(self, address: int, size: int) -> memoryview:
        """The bytes [address, address + size), writable, of one region; AddressError where they are not all in one.

        Whoever keeps it keeps the memory open. A device that writes through it says so with `written`.
        """
        at = bisect_right(self._bases, address) - 1
        if at >= 0 and size >= 0:
            offset, whole = address - self._bases[at], self._views[at]
            end = offset + size
            if end <= len(whole):
                return whole[offset:end]
        raise AddressError("reach", address, size, address, tuple(map(str, self._usable)))

    def written(self, address: int, size: int) -> None:
        """These bytes were changed through a view."""
        if self._written:
            last, length = self._written[-1]
            if last + length == address:
                self._written[-1] = (last, length + size)
                return
        self._written.append((address, size))

    def settle(self) -> None:
        """Tell what was written since the last time."""
        if self._written:
            spans, self._written = self._written, []
            self._wrote(spans)

    def holds(self, address: int, size: int) -> bool:
        return self._find(address, size) is not None

    def read(self, address: int, size: int) -> bytes | None:
        found = self._find(address, size)
        if found is None:
            return None
        view, offset = found
        return bytes(view[offset : offset + size])

    def write(self, address: int, data: bytes) -> bool:
        found = self._find(address, len(data))
        if found is None:
            return False
        view, offset = found
        view[offset : offset + len(data)] = data
        self.written(address, len(data))
        self.settle()
        return True

    def clear(self, address: int, size: int) -> bool:
        if self._find(address, size) is None:
            return False
        region = self._usable[bisect_right(self._bases, address) - 1]
        region.ram.zero(region.offset + address - region.base, size)
        self.written(address, size)
        self.settle()
        return True

    def _find(self, address: int, size: int) -> tuple[memoryview, int] | None:
        """The region that holds all of [address, address + size), and where in it they begin."""
        at = bisect_right(self._bases, address) - 1
        if at < 0 or size < 0:
            return None
        view, offset = self._views[at], address - self._bases[at]
        return (view, offset) if offset + size <= len(view) else None

    def close(self) -> None:
        """Let go of the memory; nothing can be reached from now on."""
        self._usable, self._bases, self._views = [], [], []
