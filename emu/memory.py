"""Guest RAM as host memory of ours, and memory by guest-physical address.

A `Ram` is one shared mapping of an unnamed file (memfd): sparse, so that gigabytes cost nothing until
touched, and told apart by the kernel's own table of holes, so that looking for what was touched costs nothing
either. Engines map its `address`; Python sees the same bytes through `view`. Whoever keeps the address keeps
a `view` as well: a Ram refuses to close while one lives.

A mapping is shared with a process forked after it was made: fork first, then make machines.
"""

from __future__ import annotations

import mmap
import os
import weakref
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emu.errors import AddressError, ConfigError, MapError, MemoryClosed, MemoryInUse, span

PAGE = 4096  # bytes; the unit of captures and digests, whatever the guest's or the host's page size is
Bytes = NDArray[np.uint8]
_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0)
_CHUNK = 256  # pages looked at in one go: 1 MiB, which stays in a core's cache
_WORDS = PAGE // 8
_NONE: NDArray[np.int64] = np.empty(0, np.int64)


class Permission(IntFlag):
    READ = 1
    WRITE = 2
    EXECUTE = 4


RWX = Permission.READ | Permission.WRITE | Permission.EXECUTE
ROM = Permission.READ | Permission.EXECUTE


def _pages_of(view: Bytes) -> NDArray[np.uint64]:
    return view.view(np.uint64).reshape(-1, _WORDS)


def _digest(pages: Iterable[tuple[int, Any]]) -> bytes:
    state = blake2b(digest_size=32)
    for number, content in pages:
        state.update(number.to_bytes(8, "little"))
        state.update(content)
    return state.digest()


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """The nonzero pages of a Ram at one moment: page `numbers[i]` has the content `blocks[block[i]][row[i]]`.

    numbers ascend. A block is a read-only array of shape (pages, PAGE), uint8; captures that follow each
    other share them.
    """

    size: int
    numbers: NDArray[np.int64]
    block: NDArray[np.int64]
    row: NDArray[np.int64]
    blocks: tuple[Bytes, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def pages(self) -> Iterator[tuple[int, Bytes]]:
        """(page number, content of PAGE bytes), ascending."""
        for number, block, row in zip(
            self.numbers.tolist(), self.block.tolist(), self.row.tolist(), strict=True
        ):
            yield number, self.blocks[block][row]

    @property
    def digest(self) -> bytes:
        """Equal to the Ram's digest at the moment of the capture."""
        return _digest(self.pages())

    @property
    def nbytes(self) -> int:
        """Bytes of page content that this capture keeps alive, shared ones included."""
        return sum(block.nbytes for block in self.blocks)

    def _gather(self, at: NDArray[np.int64]) -> Bytes:
        """Contents of the pages at these positions, shape (len(at), PAGE)."""
        block, row = self.block[at], self.row[at]
        if len(at) and (block == block[0]).all():
            one: Bytes = self.blocks[int(block[0])][row]
            return one
        rows = np.empty((len(at), PAGE), np.uint8)
        for each in np.unique(block).tolist():
            where = block == each
            rows[where] = self.blocks[each][row[where]]
        return rows


class Ram:
    """`size` bytes of zeroed guest memory; size is a multiple of PAGE. Raises ConfigError where the host
    cannot give it."""

    def __init__(self, size: int) -> None:
        if size <= 0 or size % PAGE:
            hint = f"The nearest is {max(PAGE, (size + PAGE - 1) // PAGE * PAGE):#x}"
            raise ConfigError("memory size", f"a positive multiple of {PAGE} bytes", f"{size} bytes", hint)
        self.size = size
        self._fd: int | None = None
        self._close_fd: weakref.finalize[..., Ram] | None = None
        try:
            self._map = self._shared()
        except (
            OSError,
            OverflowError,
            ValueError,
            AttributeError,
        ):  # no memfd on this host, or not of this size
            self._forget_file()
            try:
                self._map = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE)
            except (OSError, OverflowError, ValueError) as error:
                actual = f"{size} bytes ({error})"
                expected = "a size that this host can map"
                raise ConfigError("memory size", expected, actual, "Ask for less memory") from error
        self._view: Bytes | None = np.frombuffer(self._map, np.uint8)
        self._address = int(self._view.ctypes.data)

    def _shared(self) -> mmap.mmap:
        self._fd = os.memfd_create("guest-ram", os.MFD_CLOEXEC)
        self._close_fd = weakref.finalize(self, os.close, self._fd)
        os.ftruncate(self._fd, self.size)
        return mmap.mmap(self._fd, self.size, flags=mmap.MAP_SHARED | _NORESERVE)

    def _forget_file(self) -> None:
        if self._close_fd is not None:
            self._close_fd()
        self._fd = self._close_fd = None

    @property
    def view(self) -> Bytes:
        """All bytes, writable. Slices of it keep the memory open."""
        if self._view is None:
            raise MemoryClosed(self.size)
        return self._view

    @property
    def address(self) -> int:
        """Host address of byte 0. Valid while a `view` is kept."""
        if self._view is None:
            raise MemoryClosed(self.size)
        return self._address

    def close(self) -> None:
        """Give the memory back. Again: nothing. MemoryInUse, and nothing changes, while somebody keeps a
        view."""
        if self._view is None:
            return
        self._view = None
        try:
            self._map.close()
        except BufferError:
            self._view = np.frombuffer(self._map, np.uint8)
            raise MemoryInUse(self.size) from None
        self._forget_file()

    def touched(self) -> list[tuple[int, int]]:
        """Offsets (from, to) of what may be nonzero, ascending, `to` exclusive, both multiples of PAGE."""
        if self._view is None:
            raise MemoryClosed(self.size)
        if self._fd is None:
            return [(0, self.size)]
        extents: list[tuple[int, int]] = []
        at = 0
        while at < self.size:
            try:
                lo = os.lseek(self._fd, at, os.SEEK_DATA)
            except OSError:  # ENXIO: only a hole from here to the end
                break
            at = os.lseek(self._fd, lo, os.SEEK_HOLE)
            extents.append((lo // PAGE * PAGE, min(-(-at // PAGE) * PAGE, self.size)))
        return extents

    def _chunks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
        """(page numbers, their words) over all that was touched, ascending; the words may be a copy."""
        words = _pages_of(self.view)
        extents = [np.arange(lo // PAGE, hi // PAGE, dtype=np.int64) for lo, hi in self.touched()]
        touched = np.concatenate(extents) if extents else _NONE
        for start in range(0, len(touched), _CHUNK):
            numbers = touched[start : start + _CHUNK]
            first, last = int(numbers[0]), int(numbers[-1])
            run = last - first == len(numbers) - 1
            yield numbers, words[first : last + 1] if run else words[numbers]

    def pages(self) -> Iterator[tuple[int, Bytes]]:
        """(page number, its PAGE bytes) of every nonzero page, ascending. Read-only use."""
        for numbers, words in self._chunks():
            for index in np.flatnonzero(words.any(axis=1)).tolist():
                yield int(numbers[index]), words[index].view(np.uint8)

    @property
    def digest(self) -> bytes:
        """blake2b of (page number, content) of the nonzero pages: equal bytes give equal digests, whatever
        was touched."""
        return _digest(self.pages())

    def capture(self, previous: Capture | None = None) -> Capture:
        """The content now. Pages that are as in `previous` (of the same size) are shared with it, not
        copied."""
        if previous is None or previous.size != self.size:
            previous = _nothing(self.size)
        numbers: list[NDArray[np.int64]] = []
        origin: list[NDArray[np.int64]] = []  # position in `previous`, -1 where the page is new or changed
        for touched, words in self._chunks():
            nonzero = np.flatnonzero(words.any(axis=1))
            at, known = _positions(previous.numbers, touched[nonzero])
            if known.any():
                same = (_pages_of(previous._gather(at[known])) == words[nonzero[known]]).all(axis=1)
                known[known] = same
            numbers.append(touched[nonzero])
            origin.append(np.where(known, at, -1))
        if not numbers:
            return _nothing(self.size)
        return _compose(self, previous, np.concatenate(numbers), np.concatenate(origin))

    def restore(self, capture: Capture) -> NDArray[np.int64]:
        """Make the content that of `capture`; returns the numbers of the pages that were changed, ascending.

        Reads before it writes: pages that are already right stay untouched. ConfigError for a capture of
        another size.
        """
        if capture.size != self.size:
            expected, actual = f"a capture of {self.size:#x} bytes", f"one of {capture.size:#x} bytes"
            raise ConfigError("memory to restore", expected, actual)
        everything = _pages_of(self.view)
        stale: list[NDArray[np.int64]] = [_NONE]
        wrong: list[NDArray[np.int64]] = [_NONE]  # positions in the capture
        seen = np.zeros(len(capture), bool)
        for touched, words in self._chunks():
            at, known = _positions(capture.numbers, touched)
            stale.append(touched[~known & words.any(axis=1)])
            if known.any():
                seen[at[known]] = True
                differs = (_pages_of(capture._gather(at[known])) != words[known]).any(axis=1)
                wrong.append(at[known][differs])
        wrong.append(np.flatnonzero(~seen))
        self._zero(dropped := np.concatenate(stale))
        rewritten = np.concatenate(wrong)
        for start in range(0, len(rewritten), _CHUNK):
            some = rewritten[start : start + _CHUNK]
            everything[capture.numbers[some]] = _pages_of(capture._gather(some))
        return np.sort(np.concatenate([dropped, capture.numbers[rewritten]]))

    def clear(self) -> None:
        """All zero again; what was touched goes back to the host."""
        if self.touched():
            self._give_back(0, self.size)

    def zero(self, offset: int, size: int) -> None:
        """Make [offset, offset + size) zero; whole pages of it go back to the host."""
        first, last = -(-offset // PAGE) * PAGE, (offset + size) // PAGE * PAGE
        if first >= last:
            self.view[offset : offset + size] = 0
            return
        self.view[offset:first] = 0
        self._give_back(first, last - first)
        self.view[last : offset + size] = 0

    def _zero(self, numbers: NDArray[np.int64]) -> None:
        """Give pages back to the host, run by run; they read as zero afterwards."""
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1) if len(numbers) else ():
            self._give_back(int(run[0]) * PAGE, len(run) * PAGE)

    def _give_back(self, offset: int, size: int) -> None:
        advice = getattr(mmap, "MADV_REMOVE" if self._fd is not None else "MADV_DONTNEED", None)
        try:
            if advice is None or offset % mmap.PAGESIZE or size % mmap.PAGESIZE:
                raise OSError
            self._map.madvise(advice, offset, size)
        except OSError:
            self.view[offset : offset + size] = 0


def _nothing(size: int) -> Capture:
    return Capture(size, _NONE, _NONE, _NONE, ())


def _positions(
    sorted_numbers: NDArray[np.int64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each wanted number stands in the sorted ones, and whether it is there at all."""
    at = np.searchsorted(sorted_numbers, wanted).astype(np.int64)
    known = at < len(sorted_numbers)
    known[known] = sorted_numbers[at[known]] == wanted[known]
    return at, known


def _compose(ram: Ram, previous: Capture, numbers: NDArray[np.int64], origin: NDArray[np.int64]) -> Capture:
    """A capture of pages `numbers`: those with an origin refer to the previous capture's blocks, the others
    are copied.

    A block of which less than half is still wanted is given up and its pages are copied too: a long chain of
    captures then keeps at most twice the memory of its pages.
    """
    kept = origin >= 0
    wanted = np.bincount(previous.block[origin[kept]], minlength=len(previous.blocks))
    alive = np.array(
        [2 * count >= len(block) for count, block in zip(wanted.tolist(), previous.blocks, strict=True)], bool
    )
    alive &= wanted > 0
    kept[kept] = alive[previous.block[origin[kept]]]
    renumbered = np.cumsum(alive) - 1
    blocks = [
        block for block, wanted_still in zip(previous.blocks, alive.tolist(), strict=True) if wanted_still
    ]
    block = np.full(len(numbers), len(blocks), np.int64)
    row = np.zeros(len(numbers), np.int64)
    block[kept] = renumbered[previous.block[origin[kept]]]
    row[kept] = previous.row[origin[kept]]
    fresh = numbers[~kept]
    if len(fresh):
        copies = ram.view.reshape(-1, PAGE)[fresh]
        copies.flags.writeable = False
        row[~kept] = np.arange(len(fresh))
        blocks.append(copies)
    return Capture(ram.size, numbers, block, row, tuple(blocks))


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Guest-physical [base, base + size) is `size` bytes of `ram` from `offset` on. Permissions are the
    guest's."""

    name: str
    base: int
    ram: Ram
    offset: int
    size: int
    permissions: Permission = RWX

    @property
    def last(self) -> int:
        return self.base + self.size - 1

    @property
    def view(self) -> Bytes:
        """The region's bytes, writable for the host whatever the guest may do."""
        return self.ram.view[self.offset : self.offset + self.size]

    @property
    def address(self) -> int:
        """Host address of the region's first byte; valid while a view of its Ram is kept."""
        return self.ram.address + self.offset

    def __str__(self) -> str:
        return f"{self.name} {span(self.base, self.size)}"


class MemoryMap:
    """The host's access to guest memory by guest-physical address: loaders, debuggers, firmware services.

    Permissions do not count here (a loader fills ROM). An access may run on from one region into the next.
    """

    def __init__(self, regions: Iterable[Region] = ()) -> None:
        self._regions: list[Region] = []
        self._bases: list[int] = []
        for region in regions:
            self.add(region)

    @property
    def regions(self) -> tuple[Region, ...]:
        """By ascending address."""
        return tuple(self._regions)

    def add(self, region: Region) -> None:
        """MapError where the region overlaps another one, is empty, or is larger than what it has of its
        Ram."""
        end = region.offset + region.size
        if region.size <= 0 or region.offset < 0 or end > region.ram.size:
            of_ram = f"bytes {region.offset:#x} to {end:#x} of {region.ram.size:#x}"
            raise MapError(region.name, region.base, region.size, "a part of its memory", of_ram)
        at = bisect_right(self._bases, region.base)
        for other in self._regions[max(at - 1, 0) : at + 1]:
            if other.base <= region.last and region.base <= other.last:
                raise MapError(
                    region.name, region.base, region.size, "addresses that nothing else has", str(other)
                )
        self._bases.insert(at, region.base)
        self._regions.insert(at, region)

    def find(self, address: int) -> Region | None:
        at = bisect_right(self._bases, address) - 1
        if at < 0 or address > self._regions[at].last:
            return None
        return self._regions[at]

    def pieces(self, address: int, size: int, action: str = "access") -> list[Bytes]:
        """Writable views that together are [address, address + size); AddressError where memory is
        missing."""
        found: list[Bytes] = []
        at, end = address, address + size
        while at < end:
            region = self.find(at)
            if region is None:
                raise AddressError(action, address, size, at, self._nearby(at))
            offset, length = at - region.base, min(end, region.base + region.size) - at
            found.append(region.view[offset : offset + length])
            at += length
        return found

    def read(self, address: int, size: int) -> bytes:
        return b"".join(piece.tobytes() for piece in self.pieces(address, size, "read"))

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """All or nothing: an AddressError has written nothing."""
        source = np.frombuffer(data, np.uint8)
        at = 0
        for piece in self.pieces(address, len(source), "write"):
            piece[:] = source[at : at + len(piece)]
            at += len(piece)

    def _nearby(self, address: int) -> tuple[str, ...]:
        at = bisect_right(self._bases, address)
        around = self._regions[max(at - 1, 0) : at + 1]
        return tuple(
            str(each)
            for each in sorted(
                around, key=lambda region: min(abs(region.base - address), abs(region.last - address))
            )
        )
