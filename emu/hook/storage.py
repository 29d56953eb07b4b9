"""Where hooks keep what they find: words in host memory that compiled code changes and Python reads.

Each object is one record at a fixed address. Tables and rings have their rows in memory that native code allocates, by
the C library: a hook cannot call Python for more.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

_MASK: Final = (1 << 64) - 1
MOST_KEYS: Final = 4
MOST_ROWS: Final = 1 << 26
"""Of a table, or of a ring that nobody takes rows from."""
_serials: Final = itertools.count()
_C: Final = ctypes.CDLL(None)
_C.free.argtypes = (ctypes.c_void_p,)


class Storage:
    """`name` is for the report; `words` is the record; no other object of the process has this `serial`."""

    def __init__(self, name: str, words: int) -> None:
        self.name = name
        self.serial: Final = next(_serials)
        self.words = np.zeros(words, np.uint64)
        self.address: Final = int(self.words.ctypes.data)

    def result(self) -> Any:
        """As JSON has it."""
        raise NotImplementedError


class Counter(Storage):
    """A number from 0 on, of 64 bits."""

    def __init__(self, name: str) -> None:
        super().__init__(name, 1)

    def add(self, amount: int = 1) -> None:
        self.words[0] = int(self.words[0]) + amount & _MASK

    @property
    def value(self) -> int:
        return int(self.words[0])

    def result(self) -> int:
        return self.value


class Array(Storage):
    """`length` numbers of 64 bits without sign, all 0 at first."""

    def __init__(self, name: str, length: int) -> None:
        if not 0 < length <= MOST_ROWS:
            raise ValueError(f"an array has 1 to {MOST_ROWS:,} words, and not {length:,}")
        super().__init__(name, length)
        self.length: Final = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> int:
        return int(self.words[index])

    def __setitem__(self, index: int, value: int) -> None:
        self.words[index] = value & _MASK

    def result(self) -> list[int]:
        found: list[int] = self.words.tolist()
        return found


class Table(Storage):
    """Numbers by key: one, or several together. What is not there is 0.

    The record: address of the rows, how many there can be (a power of two), how many are used, keys of a row, the most
    there may be. A row: whether it is used, its number, its keys.
    """

    def __init__(self, name: str, keys: int = 1) -> None:
        super().__init__(name, 5)
        if not 1 <= keys <= MOST_KEYS:
            raise ValueError(f"a table has 1 to {MOST_KEYS} keys, and not {keys}")
        self.keys: Final = keys
        self.words[3], self.words[4] = keys, MOST_ROWS

    def rows(self) -> np.ndarray[Any, Any]:
        """The used ones, by their keys: columns are the keys and then the number."""
        stride = self.keys + 2
        found = _copied(int(self.words[0]), int(self.words[1]) * stride).reshape(-1, stride)
        used = found[found[:, 0] != 0]
        used = np.column_stack([used[:, 2:], used[:, 1]])
        return used[np.lexsort(used[:, : self.keys].T[::-1])]

    def items(self) -> Iterator[tuple[int | tuple[int, ...], int]]:
        for *keys, number in self.rows().tolist():
            yield keys[0] if self.keys == 1 else tuple(keys), number

    def most(self, count: int | None = None) -> list[tuple[int | tuple[int, ...], int]]:
        """The keys with the largest numbers, those first."""
        return sorted(self.items(), key=lambda item: (-item[1], item[0]))[:count]

    def __getitem__(self, key: int | tuple[int, ...]) -> int:
        return dict(self.items()).get(key, 0)

    def __len__(self) -> int:
        return int(self.words[2])

    def result(self) -> list[list[int]]:
        found: list[list[int]] = self.rows().tolist()
        return found

    def __del__(self) -> None:
        _C.free(int(self.words[0]) or None)


class Ring(Storage):
    """Rows of `columns`, in the order in which hooks have added them; Python takes them while the guest runs.

    The record: address of the rows, how many there are, how many there can be, words of a row, rows ever added.
    """

    def __init__(self, name: str, *columns: str) -> None:
        super().__init__(name, 5)
        if not columns or not all(isinstance(each, str) and each.isidentifier() for each in columns):
            raise ValueError("a ring has at least one column, and columns have names")
        self.columns: Final = columns
        self.dtype: Final = np.dtype([(each, "u8") for each in columns])
        self.words[3] = len(columns)
        self.takes: Callable[[Any], None] | None = None
        self._taken: list[np.ndarray[Any, Any]] = []

    def drain(self) -> None:
        """Take what native code holds."""
        count, width = int(self.words[1]), len(self.columns)
        if not count:
            return
        rows = _copied(int(self.words[0]), count * width).view(self.dtype)
        self.words[1] = 0
        if self.takes is None:
            self._taken.append(rows)
        else:
            self.takes(rows)

    @property
    def full(self) -> bool:
        """Whether it holds all that it may."""
        return self.takes is None and len(self) > MOST_ROWS

    def rows(self) -> np.ndarray[Any, Any]:
        """All of them, by column; none where a function took them."""
        self.drain()
        if len(self._taken) != 1:
            self._taken = [np.concatenate([np.zeros(0, self.dtype), *self._taken])]
        return self._taken[0]

    def __len__(self) -> int:
        return int(self.words[4])

    def result(self) -> dict[str, Any]:
        return {
            "columns": list(self.columns),
            "total": len(self),
            "rows": [list(r) for r in self.rows().tolist()],
        }

    def __del__(self) -> None:
        _C.free(int(self.words[0]) or None)


def _copied(address: int, words: int) -> np.ndarray[Any, Any]:
    if not words:
        return np.zeros(0, np.uint64)
    return np.frombuffer(ctypes.string_at(address, 8 * words), np.uint64).copy()
