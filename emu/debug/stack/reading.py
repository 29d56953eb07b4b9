"""Guest memory as unwinding sees it: words that are there or not, and never an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from isa.contract import Isa

_LINE = 256  # bytes that are read at once


class Reading:
    """Reads through `read_memory` ((address, bytes) -> the bytes; it may raise, or give fewer), each line once."""

    __slots__ = ("_lines", "_read", "mask", "order", "word_size")

    def __init__(self, isa: Isa, read_memory: Callable[[int, int], bytes]) -> None:
        self._read = read_memory
        self._lines: dict[int, bytes] = {}
        self.order: Literal["little", "big"] = "little" if isa.endian == "little" else "big"
        self.word_size = isa.bits // 8
        self.mask = (1 << isa.bits) - 1

    def bytes(self, address: int, size: int) -> bytes | None:
        """`size` bytes at guest-virtual `address`; None where one of them is not there."""
        address &= self.mask
        line, offset = address - address % _LINE, address % _LINE
        if offset + size > _LINE:
            return self._direct(address, size)
        held = self._lines.get(line)
        if held is None:
            held = self._lines[line] = self._direct(line, _LINE) or b""
        return held[offset : offset + size] if held else self._direct(address, size)

    def word(self, address: int, size: int | None = None) -> int | None:
        """The unsigned word (of the ISA's width, unless `size` says) at `address`."""
        data = self.bytes(address, size or self.word_size)
        return None if data is None else int.from_bytes(data, self.order)

    def _direct(self, address: int, size: int) -> bytes | None:
        try:
            data = bytes(self._read(address, size))
        except Exception:  # what reads guest memory may raise anything for an address without any
            return None
        return data if len(data) == size else None
