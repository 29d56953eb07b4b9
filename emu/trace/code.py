"""The blocks of a trace: their code as it was translated, and where their instructions begin in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from emu.executions import Layouts, ReadCode
from emu.trace.rows import Batch, Column, Kind
from emu.trace.tracing import Code

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
        self.unplaced = 0
        """Instructions of blocks whose code was gone before it was read: they are said to be where it began."""
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
            self._of_cells[cell] = (
                self._number(each.pc, each.size, each.count, each.code) if each.code else -1
            )

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
        if offsets is None:  # where they begin is certain only if all are of the greatest length
            length = self._isa.max_instruction_length
            if size == count * length:
                offsets = list(range(0, size, length))
            else:
                offsets = [0] * count
                self.unplaced += count
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

    def number(self, pc: int, size: int, count: int) -> int:
        """The number of a block that is not known by its cell: its code is read now."""
        return self._number(pc, size, count, self._read(pc, size))

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

    def addresses(self) -> dict[str, int]:
        """Host addresses of the arrays, until something is added, by their names in CONVERT."""
        arrays = {
            "of_cells": self._of_cells,
            "block_pc": self._pc.array,
            "block_size": self._size.array,
            "block_count": self._count.array,
            "block_first": self._first.array,
            "block_bytes": self._bytes.array,
            "at": self._at.array,
            "offset": self.offset.array,
            "length": self.length.array,
            "low": self.low.array,
            "high": self.high.array,
        }
        addresses = {name: int(array.ctypes.data) for name, array in arrays.items()}
        return addresses | {"cells": len(self._of_cells), "blocks": len(self)}

    def of_cell(self, cell: int) -> int:
        """The number of a block, -1 where it is not known."""
        at = cell // _CELL
        return int(self._of_cells[at]) if 0 <= at < len(self._of_cells) else -1

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
