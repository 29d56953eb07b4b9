"""The blocks of a trace: their code as it was translated, and where their instructions begin in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emu.engine.tracing import Code
from emu.executions import Layouts, ReadCode
from emu.trace.rows import Batch, Column, Kind

if TYPE_CHECKING:
    from isa.contract import Isa

WORD: Final = 8
_CELL: Final = 16  # bytes, by which `Code.cell` differs


class Growing:
    """An array that grows at its end."""

    def __init__(self, kind: Any) -> None:  # noqa: ANN401
        self._array = np.zeros(1 << 10, kind)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def extend(self, values: Any) -> None:  # noqa: ANN401
        end = self._used + len(values)
        if end > len(self._array):
            grown = np.zeros(max(end, 2 * len(self._array)), self._array.dtype)
            grown[: self._used] = self._array[: self._used]
            self._array = grown
        self._array[self._used : end] = values
        self._used = end

    @property
    def array(self) -> Column:
        return self._array[: self._used]


class Blocks:
    """Every block that was met, by its number. `read` reads code that was not kept."""

    def __init__(self, isa: Isa, read: ReadCode) -> None:
        self._isa, self._read = isa, read
        self._now = b""
        self._layouts = Layouts(isa, lambda _, size: self._now[:size])
        self._numbers: dict[tuple[int, int, int, bytes], int] = {}
        self._of_cells = np.full(1 << 10, -1, np.int64)
        self.codes: Final[list[bytes]] = []
        self._pc, self._size, self._count = Growing(np.uint64), Growing(np.uint32), Growing(np.uint32)
        self._first = Growing(np.int64)  # of its instructions
        self._bytes = Growing(np.int64)  # of its bytes in `_at`
        self._at = Growing(np.int16)  # of each byte, which instruction begins there; -1: none
        self.offset, self.length = Growing(np.uint32), Growing(np.uint8)
        self.low, self.high = Growing(np.uint64), Growing(np.uint64)

    def __len__(self) -> int:
        return len(self.codes)

    def facts(self, number: int) -> tuple[int, int, list[int], bytes]:
        """(pc, size, where its instructions begin, its code) of a block."""
        first, count = int(self._first.array[number]), int(self._count.array[number])
        offsets = self.offset.array[first : first + count].tolist()
        return int(self._pc.array[number]), int(self._size.array[number]), offsets, self.codes[number]

    # -- meeting them -------------------------------------------------------------------------------------------------

    def add(self, codes: tuple[Code, ...]) -> None:
        """These were translated."""
        for each in codes:
            cell = each.cell // _CELL
            if cell >= len(self._of_cells):
                grown = np.full(max(cell + 1, 2 * len(self._of_cells)), -1, np.int64)
                grown[: len(self._of_cells)] = self._of_cells
                self._of_cells = grown
            self._of_cells[cell] = self._number(each.pc, each.size, each.count, each.code) if each.code else -1

    def forget_cells(self) -> None:
        self._of_cells[:] = -1

    def _number(self, pc: int, size: int, count: int, code: bytes) -> int:
        key = pc, size, count, code
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.codes)
            self._enter(pc, size, count, code)
        return found

    def _enter(self, pc: int, size: int, count: int, code: bytes) -> None:
        self._now = code
        offsets = self._layouts.offsets(pc, size, count) if len(code) == size else None
        if offsets is None:
            offsets = [0] * count
        ends = [*offsets[1:], size]
        padded = code + bytes(2 * WORD)
        self.codes.append(code)
        self._pc.extend([pc])
        self._size.extend([size])
        self._count.extend([count])
        self._first.extend([len(self.offset)])
        self._bytes.extend([len(self._at)])
        at = np.full(size + 1, -1, np.int16)
        at[offsets] = np.arange(count)
        self._at.extend(at)
        lengths = [min(max(end - start, 0), 2 * WORD) for start, end in zip(offsets, ends, strict=True)]
        self.offset.extend(offsets)
        self.length.extend(lengths)
        words = [
            int.from_bytes(padded[start : start + length], "little")
            for start, length in zip(offsets, lengths, strict=True)
        ]
        self.low.extend([word & (1 << 64) - 1 for word in words])
        self.high.extend([word >> 64 for word in words])

    def numbers(self, cells: Column, pcs: Column, sizes: Column, counts: Column) -> Column:
        """Of blocks that began: by their cell, or by reading their code now where that is another's."""
        cells = (cells // np.uint64(_CELL)).astype(np.int64)
        known = (cells >= 0) & (cells < len(self._of_cells))
        found = np.where(known, self._of_cells[np.where(known, cells, 0)], -1)
        safe = np.maximum(found, 0)
        right = (
            (found >= 0) & (self._pc.array[safe] == pcs) & (self._size.array[safe] == sizes)
            if len(self)
            else np.zeros(len(cells), bool)
        )
        if right.all():
            return found
        for index in np.flatnonzero(~right).tolist():
            pc, size, count = int(pcs[index]), int(sizes[index]), int(counts[index])
            found[index] = self._number(pc, size, count, self._read(pc, size))
        return found

    def beyond(self, number: int, count: int, more: int) -> int:
        """The number of a block that begins after `count` instructions of this one and has `more`."""
        pc, size, offsets, _ = self.facts(number)
        at = pc + (offsets[count] if count < len(offsets) else size)
        code = self._read(at, more * self._isa.max_instruction_length)
        end, length = 0, self._isa.instruction_length
        for _ in range(more if code else 0):
            end += length(code[end : end + self._isa.max_instruction_length])
        return self._number(at, end, more, code[:end])

    # -- what is in them ----------------------------------------------------------------------------------------------

    def sizes(self, numbers: Column, executed: Column) -> Column:
        """Bytes of the first `executed` instructions."""
        sizes, counts = self._size.array[numbers], self._count.array[numbers]
        short = np.flatnonzero(executed < counts)
        if len(short):
            at = self._first.array[numbers[short]] + executed[short].astype(np.int64)
            sizes[short] = self.offset.array[at]
        return sizes

    def last(self, numbers: Column, executed: Column) -> Column:
        """Where the last of the first `executed` instructions begins, from the block's pc."""
        found: Column = self.offset.array[self._first.array[numbers] + executed - 1]
        return found

    def words(self, places: Column) -> tuple[Column, Column]:
        """The first and the second 8 bytes of instructions by their place; 0 where it is not known."""
        known, safe = places >= 0, np.maximum(places, 0)
        if not len(self.low):
            return np.zeros(len(places), np.uint64), np.zeros(len(places), np.uint64)
        return np.where(known, self.low.array[safe], 0), np.where(known, self.high.array[safe], 0)

    def instructions(self, numbers: Column, pcs: Column) -> Column:
        """Index of each instruction at `pcs` in `low`, `high`, `length`; -1: its block has none there."""
        safe = np.maximum(numbers, 0)
        offsets = (pcs - self._pc.array[safe]).astype(np.int64)
        inside = (numbers >= 0) & (offsets >= 0) & (offsets < self._size.array[safe])
        at = np.where(inside, self._at.array[np.where(inside, self._bytes.array[safe] + offsets, 0)], -1)
        return np.where(at >= 0, self._first.array[safe] + at, -1)

    def of_cells(self, cells: Column) -> Column:
        """Numbers of blocks, -1 where they are not known."""
        cells = (cells // np.uint64(_CELL)).astype(np.int64)
        known = (cells >= 0) & (cells < len(self._of_cells))
        return np.where(known, self._of_cells[np.where(known, cells, 0)], -1)

    def expanded(self, batch: Batch) -> Batch:
        """With a row of kind INSN for each instruction of a row of kind BLOCK."""
        block = batch.kind == Kind.BLOCK
        if not block.any():
            return batch
        times = np.where(block, batch.value, 1).astype(np.int64)
        whole = Batch(*(np.repeat(column, times) for column in batch.columns()))
        ends = np.cumsum(times)
        step = np.arange(len(whole), dtype=np.int64) - np.repeat(ends - times, times)
        inside = whole.kind == Kind.BLOCK
        at = self._first.array[whole.address[inside].astype(np.int64)] + step[inside]
        whole.insn[inside] += step[inside].astype(np.uint64)
        whole.pc[inside] += self.offset.array[at]
        whole.value[inside], whole.address[inside] = self.low.array[at], self.high.array[at]
        whole.size[inside] = self.length.array[at]
        whole.kind[inside] = Kind.INSN
        return whole
