"""The numba twins of `axvcpu.dispatch.lookup` and `axvcpu.percpu.current_control`, for compiled callers.

Import this file only where native code is wanted: numba takes a third of a second. With NUMBA_DISABLE_JIT=1
the same functions run as plain Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba
import numpy as np
import numpy.typing as npt

from axvcpu.percpu import TABLE

F = TypeVar("F", bound=Callable[..., Any])

table: Final[npt.NDArray[np.uint64]] = np.frombuffer(TABLE, dtype=np.uint64)
"""`axvcpu.percpu.TABLE`, the same memory."""


def _compiled(function: F) -> F:
    compiled: F = numba.njit(nogil=True)(function)
    return compiled


@_compiled
def lookup(rows: Any, count: int, kind: int, address: int, width: int) -> int:  # noqa: ANN401 (array of ROW)
    """`axvcpu.dispatch.lookup`; `rows` may be a `carray` of the same record.

    Any integer types will do; from Python, an address of 2**63 and above must be a numpy.uint64.
    """
    if width < 1:
        return -1
    first: Any = np.uint64(address)
    last: Any = np.uint64(width) - np.uint64(1)
    wanted: Any = np.int64(kind)
    low: Any = np.int64(0)
    high: Any = np.int64(count)
    while low < high:
        middle = (low + high) >> 1
        row_kind = np.int64(rows[middle]["kind"])
        if row_kind < wanted or (row_kind == wanted and rows[middle]["lo"] <= first):
            low = middle + np.int64(1)
        else:
            high = middle
    row: int = low - np.int64(1)
    if row < 0 or np.int64(rows[row]["kind"]) != wanted:
        return -1
    top = rows[row]["hi"]
    return row if first <= top and last <= top - first else -1


@_compiled
def current_control(table: npt.NDArray[np.uint64], cpu: int) -> np.uint64:
    """`axvcpu.percpu.current_control`."""
    none = np.uint64(0)
    return table[cpu] if 0 <= cpu < table.size else none
