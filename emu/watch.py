"""Watched ranges of guest memory: what a debugger asks for, made into the rows and pages that engines look at."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from axvcpu.exits import AccessFlags
from emu.engine.space import AddressSpace
from emu.engine.watching import WatchedPages, WatchedRange, Watches, reach
from emu.errors import ConfigError, span
from emu.memory import MemoryMap, Ram, Region
from isa.contract import Isa

_BOTH: Final = AccessFlags.READ | AccessFlags.WRITE


@dataclass(frozen=True, slots=True)
class Watch:
    """The `size` bytes (1 and up) from guest-physical `address` on, watched for READ, WRITE or both."""

    address: int
    size: int
    access: AccessFlags = AccessFlags.WRITE

    def __str__(self) -> str:
        return span(self.address, self.size)


class Watchpoints:
    """The watched ranges of one address space, and the pages that they lie in. `remapped` is called when the layout of
    the space has changed.

    A page is watched as data at first: nothing can be executed there. When the guest comes to do that, the page turns
    into one that can be, and is slow to execute.
    """

    def __init__(
        self, memory: MemoryMap, ram: Ram, space: AddressSpace, isa: Isa, remapped: Callable[[], None]
    ) -> None:
        self.watches: frozenset[Watch] = frozenset()
        self._memory, self._ram, self._space, self._remapped = memory, ram, space, remapped
        assert isa.native is not None
        self._before: Final[int] = pkgutil.resolve_name(isa.native).irrevocable
        self._code: set[int] = set()  # addresses of pages that are executed
        space.found_code = self._found_code

    @property
    def slow(self) -> frozenset[Watch]:
        """Those in whose pages the guest executes code."""
        page = self._space.page
        return frozenset(
            watch
            for watch in self.watches
            for each in self._ranges(watch)
            if any(each.pages < code + page and code <= each.last for code in self._code)
        )

    def set(self, watches: frozenset[Watch]) -> None:
        """Watch these, and nothing else. Raises ConfigError, AddressError, and nothing has changed."""
        ranges = tuple(each for watch in sorted(watches, key=_order) for each in self._ranges(watch))
        self.watches = watches
        if not watches:
            self._code.clear()
        self._space.watches = Watches(ranges, self._pages(ranges))
        self._remapped()

    def _found_code(self, address: int) -> None:
        self._code.add(address - address % self._space.page)
        ranges = self._space.watches.ranges
        self._space.watches = Watches(ranges, self._pages(ranges))
        self._remapped()

    def _ranges(self, watch: Watch) -> list[WatchedRange]:
        """The range at each address of its memory."""
        region = self._region(watch)
        offset = region.offset + watch.address - region.base
        found = []
        for each in self._memory.regions:
            first = max(offset, each.offset)
            last = min(offset + watch.size, each.offset + each.size) - 1
            if each.ram is self._ram and first <= last:
                base = each.base - each.offset
                pages, near, access = reach(base + first, watch.access, self._space.page, self._before)
                name = watch.address, watch.size
                host = self._ram.address + offset
                found.append(
                    WatchedRange(
                        base + first,
                        base + last,
                        host,
                        watch.access,
                        name,
                        max(pages, each.base),
                        max(near, each.base),
                        access,
                    )
                )
        return found

    def _region(self, watch: Watch) -> Region:
        """The region of RAM that holds all of a range."""
        if watch.size < 1:
            raise ConfigError(
                f"the watchpoint at {watch.address:#x}", "a size of 1 byte or more", str(watch.size)
            )
        if not watch.access or watch.access & ~_BOTH:
            raise ConfigError(f"the watchpoint at {watch}", "READ, WRITE or both", repr(watch.access))
        self._memory.pieces(watch.address, watch.size, "watch")
        region = self._memory.find(watch.address)
        assert region is not None
        if region.ram is not self._ram or watch.address + watch.size - 1 > region.last:
            raise ConfigError(f"the watchpoint at {watch}", "a range of RAM", f"one of {region}")
        return region

    def _pages(self, ranges: tuple[WatchedRange, ...]) -> tuple[WatchedPages, ...]:
        page = self._space.page
        numbers = {number for each in ranges for number in range(each.pages // page, each.last // page + 1)}
        found: list[WatchedPages] = []
        for number in sorted(numbers):
            base = number * page
            region = self._memory.find(base)
            assert region is not None
            last, executed = found[-1] if found else None, base in self._code
            if last and last.base + last.size == base and last.executed == executed and base > region.base:
                found[-1] = WatchedPages(last.base, last.size + page, last.host, executed)
            else:
                found.append(WatchedPages(base, page, region.address + base - region.base, executed))
        return tuple(found)


def _order(watch: Watch) -> tuple[int, int, int]:
    return watch.address, watch.size, int(watch.access)
