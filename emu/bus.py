"""The guest-physical address map: memory regions and device windows, and the holes between them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from emu.device import Device
from emu.errors import MapError, span
from emu.memory import MemoryMap, Permission, Region

ADDRESS_SPACE = 1 << 64
_MASKS = {width: (1 << (8 * width)) - 1 for width in (1, 2, 4, 8)}


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Guest-physical [base, base + size) belongs to `target`."""

    name: str
    base: int
    size: int
    target: Device | Region

    @property
    def last(self) -> int:
        return self.base + self.size - 1

    @property
    def region(self) -> Region | None:
        return self.target if isinstance(self.target, Region) else None

    @property
    def device(self) -> Device | None:
        return None if isinstance(self.target, Region) else self.target

    def __str__(self) -> str:
        return f"{self.name} {span(self.base, self.size)}"


class Bus:
    """Who answers at which address. `page_size` is the engine's smallest page: every window begins on one,
    memory also ends on one; a device may end inside its last page (the rest of that page is a `tail`).

    big_endian says how bytes of memory make a number; a device register is a number and has no byte order
    here.
    """

    def __init__(self, page_size: int = 4096, *, big_endian: bool = False) -> None:
        self.page_size = page_size
        self.memory = MemoryMap()
        self._order: Literal["big", "little"] = "big" if big_endian else "little"
        self._windows: list[Window] = []
        self._bases: list[int] = []

    @property
    def windows(self) -> tuple[Window, ...]:
        """By ascending address."""
        return tuple(self._windows)

    @property
    def devices(self) -> tuple[Window, ...]:
        return tuple(window for window in self._windows if window.device is not None)

    def add_region(self, region: Region) -> Window:
        """MapError where its addresses cannot be had."""
        window = Window(region.name, region.base, region.size, region)
        if region.size % self.page_size:
            up = -(-region.size // self.page_size) * self.page_size
            raise self._refusal(
                window,
                f"a multiple of the page size {self.page_size:#x}",
                f"{region.size:#x} bytes",
                f"Use {up:#x} bytes",
            )
        self._check(window)
        self.memory.add(region)
        return self._insert(window)

    def add_device(self, base: int, device: Device) -> Window:
        """MapError where its addresses cannot be had."""
        window = Window(device.name, base, device.size, device)
        self._check(window)
        return self._insert(window)

    def find(self, address: int) -> Window | None:
        """The window that holds `address`; None in a hole."""
        at = bisect_right(self._bases, address) - 1
        if at < 0 or address > self._windows[at].last:
            return None
        return self._windows[at]

    def read(self, address: int, width: int) -> int | None:
        """The number that a guest's load of `width` bytes (1, 2, 4, 8) would get, with the device's effect.

        None where nothing answers: a hole, an access across a window's end, memory that cannot be read.
        """
        window = self._whole(address, width)
        if window is None:
            return None
        target = window.target
        if isinstance(target, Region):
            return self._number(target, address, width) if target.permissions & Permission.READ else None
        return target.read(address - window.base, width)

    def peek(self, address: int, width: int) -> int | None:
        """As read, without a device's effect; memory's permissions do not count."""
        window = self._whole(address, width)
        if window is None:
            return None
        target = window.target
        if isinstance(target, Region):
            return self._number(target, address, width)
        return target.peek(address - window.base, width)

    def write(self, address: int, width: int, value: int) -> bool:
        """A guest's store of `width` bytes (1, 2, 4, 8); `value` is masked to them.

        False, and nothing happened, where nothing takes it: a hole, an access across a window's end, ROM.
        """
        window = self._whole(address, width)
        if window is None:
            return False
        value &= _MASKS[width]
        target = window.target
        if not isinstance(target, Region):
            target.write(address - window.base, width, value)
            return True
        if not target.permissions & Permission.WRITE:
            return False
        self.memory.write(address, value.to_bytes(width, self._order))
        return True

    def holes(self) -> list[tuple[int, int]]:
        """(first, last) address of every run of whole pages that no window reaches into, ascending, both
        inclusive."""
        found: list[tuple[int, int]] = []
        free = 0
        for window in self._windows:
            if window.base > free:
                found.append((free, window.base - 1))
            free = self._page_end(window)
        if free < ADDRESS_SPACE:
            found.append((free, ADDRESS_SPACE - 1))
        return found

    def tails(self) -> list[tuple[int, int]]:
        """(first, last) of the rest of every device's last page, ascending, both inclusive: nothing answers
        there either."""
        return [
            (window.last + 1, self._page_end(window) - 1)
            for window in self._windows
            if window.last + 1 < self._page_end(window)
        ]

    def _page_end(self, window: Window) -> int:
        return -(-(window.last + 1) // self.page_size) * self.page_size

    def _whole(self, address: int, width: int) -> Window | None:
        window = self.find(address)
        return window if window is not None and address + width - 1 <= window.last else None

    def _number(self, region: Region, address: int, width: int) -> int:
        offset = address - region.base
        return int.from_bytes(region.view[offset : offset + width].tobytes(), self._order)

    @staticmethod
    def _refusal(window: Window, expected: str, actual: str, hint: str = "") -> MapError:
        return MapError(window.name, window.base, window.size, expected, actual, hint)

    def _check(self, window: Window) -> None:
        page = self.page_size
        if window.size <= 0:
            raise self._refusal(window, "at least one byte", f"{window.size} bytes")
        if window.base < 0 or window.base + window.size > ADDRESS_SPACE:
            raise self._refusal(window, "addresses below 2^64", span(window.base, window.size))
        if window.base % page:
            down = window.base // page * page
            hint = f"The nearest are {down:#x} and {down + page:#x}"
            raise self._refusal(
                window, f"a base that is a multiple of the page size {page:#x}", f"{window.base:#x}", hint
            )
        for other in self._windows:
            if other.name == window.name:
                raise self._refusal(window, "a name of its own", f"the name of {other}")
        at = bisect_right(self._bases, window.base)
        for other in self._windows[max(at - 1, 0) : at + 1]:
            if other.base <= window.last and window.base <= other.last:
                raise self._refusal(window, "addresses that nothing else has", f"an overlap with {other}")

    def _insert(self, window: Window) -> Window:
        at = bisect_right(self._bases, window.base)
        self._bases.insert(at, window.base)
        self._windows.insert(at, window)
        return window
