"""CPU state that lies about in the engine's memory, as one string of bytes."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Final


class Pieces:
    """Parts are (host address, bytes)."""

    def __init__(self, parts: Iterable[tuple[int, int]]) -> None:
        self._views: Final = [
            memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B") for address, size in parts
        ]

    def __len__(self) -> int:
        return sum(len(view) for view in self._views)

    def read(self) -> bytes:
        return b"".join(self._views)

    def write(self, data: bytes) -> None:
        for view in self._views:
            view[:], data = data[: len(view)], data[len(view) :]
