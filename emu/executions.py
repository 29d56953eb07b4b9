"""How often each instruction was executed, from how often each block ran.

A block is straight-line code. Where its instructions begin is found in the code itself: the ISA's descriptor says how
long each is, and only a decoding that gives the block's size and number of instructions counts. A block whose code is
not there any more has all its executions at its first address: the total stays exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from emu.engine.counts import RUNS, BlockCounts

if TYPE_CHECKING:
    from emu.symbols import Symbol
    from isa.contract import Isa

__all__ = [
    "BlockCounts",
    "Executions",
    "Layouts",
    "blocks_of",
    "by_page",
    "decodings",
    "entry_of",
    "executions",
    "marks",
]

Numbers: TypeAlias = np.ndarray[Any, Any]
ReadCode: TypeAlias = Callable[[int, int], bytes]
"""(guest-virtual address, size) -> the code there now, less or nothing where it is not there."""
_PAGE_BITS: Final = 12
_READINGS: Final = (0, (1 << 64) - 1, 1 << 22)
"""What every register reads as, one after the other, for `Isa.decoding` to give all that it can."""


@dataclass(frozen=True)
class Executions:
    """`addresses` (guest-virtual, ascending) were executed `times`; `blocks` are rows of RUNS: what began there, how
    often. `unplaced` executions are of blocks whose code is gone: they are at their block's first address."""

    addresses: Numbers
    times: Numbers
    blocks: Numbers
    unplaced: int

    @property
    def total(self) -> int:
        """Instructions executed."""
        return int(self.times.sum())

    def at(self, address: int) -> int:
        """How often the instruction at `address` was executed."""
        index = int(np.searchsorted(self.addresses, address))
        found = index < len(self.addresses) and int(self.addresses[index]) == address
        return int(self.times[index]) if found else 0


def entry_of(isa: Isa, symbol: Symbol) -> int:
    """Where the first instruction of a function is that every call executes: without the mark of Thumb code [aaelf32
    5.5.3], behind what only calls from other modules execute (ppc64)."""
    return (symbol.address & ~marks(isa)) + symbol.local_entry


def marks(isa: Isa) -> int:
    """The bits of a symbol's address that are no part of its code's address."""
    return 1 if isa.name == "arm" else 0


def decodings(isa: Isa) -> tuple[Isa, ...]:
    """The descriptors that code of this ISA may have to be decoded with, its own first."""
    found = [isa]
    if isa.decoding is not None:
        for reading in _READINGS:
            each = isa.decoding(lambda _, value=reading: value)  # type: ignore[misc]
            if all(each is not other for other in found):
                found.append(each)
    return tuple(found)


def by_page(read: ReadCode) -> ReadCode:
    """Reads a whole page of code at a time, and each once: of memory that does not change meanwhile."""
    pages: dict[int, bytes] = {}

    def page(number: int) -> bytes:
        if number not in pages:
            pages[number] = read(number << _PAGE_BITS, 1 << _PAGE_BITS)
        return pages[number]

    def reading(address: int, size: int) -> bytes:
        first, start = address >> _PAGE_BITS, address & (1 << _PAGE_BITS) - 1
        found = page(first)[start : start + size]
        if len(found) < size:
            return read(address, size)
        return found

    return reading


class Layouts:
    """Where the instructions of a block begin."""

    def __init__(self, isa: Isa, *readers: ReadCode) -> None:
        self._isa, self._readers = isa, readers
        self._decodings = decodings(isa)
        self._longest: Final = isa.max_instruction_length

    def offsets(self, pc: int, size: int, count: int) -> list[int] | None:
        """Of each of the `count` instructions in `size` bytes at `pc`, from there; None where the code is gone. The last
        one may go on after them, where the engine has seen that it traps."""
        for reader in self._readers:
            code = reader(pc, size)
            for cut in (False, True) if len(code) == size else ():
                for isa in self._decodings:
                    found, end = _walk(isa, code, count)
                    if len(found) == count and (end > size if cut else end == size):
                        return found
        longest = self._longest
        return list(range(0, size, longest)) if size == longest * count else None

    def beyond(self, pc: int, size: int, count: int, more: int) -> list[int] | None:
        """Of the `more` instructions after the `count` that a block has in `size` bytes."""
        for reader in self._readers:
            block = reader(pc, size)
            code = reader(pc + size, self._longest * more)
            for isa in self._decodings if len(block) == size else ():
                before, end = _walk(isa, block, count)
                after, _ = _walk(isa, code, more)
                if len(before) == count and end == size and len(after) == more:
                    return [size + each for each in after]
        return None

    def length(self, pc: int) -> int:
        """Bytes of the instruction at `pc`, as the ISA's own descriptor has it."""
        code = next((found for reader in self._readers if (found := reader(pc, self._longest))), b"")
        return self._isa.instruction_length(code) if code else 1


def _walk(isa: Isa, code: bytes, count: int) -> tuple[list[int], int]:
    """Where the first `count` instructions of the code begin, or as many as there are, and where the last one ends."""
    length, longest, at = isa.instruction_length, isa.max_instruction_length, 0
    found: list[int] = []
    while len(found) < count and at < len(code):
        found.append(at)
        at += length(code[at : at + longest])
    return found, at


def executions(counts: BlockCounts, layouts: Layouts) -> Executions:
    """Of everything that was counted."""
    where: list[Numbers] = []
    how_often: list[Numbers] = []
    unplaced = 0
    runs = counts.runs.rows()
    extra = counts.extra.rows()

    def add(pc: int, offsets: list[int] | None, number: int, times: int) -> int:
        placed = offsets is not None
        each = np.array(offsets if placed else [0], np.uint64) + np.uint64(pc)
        where.append(each)
        how_often.append(np.full(len(each), times if placed else times * number, np.int64))
        return 0 if placed else times * number

    for pc, size, count, times in runs.tolist():
        unplaced += add(pc, layouts.offsets(pc, size, count), count, times)
    for pc, size, first, last, times in extra.tolist():
        if 0 < first < last or (first == 0 and size == 0):
            offsets = layouts.beyond(pc, size, first, last - first)
        else:
            whole = layouts.offsets(pc, size, first or last)
            offsets = None if whole is None else whole[min(first, last) : max(first, last)]
        unplaced += add(pc, offsets, abs(last - first), times if last > first else -times)
    if not where:
        return Executions(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, RUNS), 0)
    addresses, place = np.unique(np.concatenate(where), return_inverse=True)
    sums = np.zeros(len(addresses), np.int64)
    np.add.at(sums, place, np.concatenate(how_often))
    ran = sums != 0
    return Executions(addresses[ran], sums[ran], blocks_of(counts), unplaced)


def blocks_of(counts: BlockCounts) -> Numbers:
    """Rows of RUNS: the blocks that began, how often; those without a cell of their own too."""
    extra = counts.extra.rows()
    extra = extra[(extra["first"] == 0) & (extra["size"] > 0) & (extra["last"] > 0)]
    rows = np.empty(len(extra), RUNS)
    for name, source in (("pc", "pc"), ("size", "size"), ("count", "last"), ("times", "times")):
        rows[name] = extra[source]
    found = np.concatenate([counts.runs.rows(), rows])
    return found[np.argsort(found["pc"], kind="stable")]
