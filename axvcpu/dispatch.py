"""The exit-dispatch table: sorted rows that say what native code does with an access.

`lookup` here is the plain twin of `axvcpu.hot.lookup`; a test compares the two. A row stands for the
inclusive address range [lo, hi] of one kind of access. Rows are sorted by (kind, lo);
those of one kind do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from axvcpu.action import Action
from axvcpu.errors import InvalidInput, OverlappingRows

__all__ = ["ROW", "Action", "Row", "Rows", "build", "lookup", "words"]

ROW: Final = np.dtype(
    [
        ("kind", np.uint8),
        ("action", np.uint8),
        ("pad", np.uint16),
        ("window", np.uint32),
        ("lo", np.uint64),
        ("hi", np.uint64),
        ("period", np.uint64),
        ("enabled", np.uint64),
        ("value", np.uint64),
    ],
    align=True,
)

Rows: TypeAlias = npt.NDArray[Any]
"""A one-dimensional array of ROW."""

_LIMIT: Final = 1 << 64
_WORDS: Final = ROW.itemsize // 8
_ENABLED: Final = 4  # index of `enabled` among a row's 64-bit words; `value` follows


@dataclass(frozen=True, slots=True)
class Row:
    """One entry, as the machine declares it: `kind` is the control block's number for the access, `window`
    the device window it lies in; `lo` and `hi` are the first and the last byte; `period` divides a CLOCK's
    ns."""

    kind: int
    action: Action
    window: int
    lo: int
    hi: int
    period: int = 1
    enabled: bool = True
    value: int = 0


def build(rows: Iterable[Row]) -> Rows:
    """The table of `rows`, sorted, in memory of its own that native code may point into; keep it alive.

    Raises InvalidInput for a row that no access can meet or a field that does not fit, OverlappingRows for
    two rows of one kind that share an address.
    """
    ordered = sorted(rows, key=lambda row: (row.kind, row.lo))
    for row in ordered:
        _check(row)
    for row, after in pairwise(ordered):
        if row.kind == after.kind and after.lo <= row.hi:
            raise OverlappingRows(
                f"dispatch row of kind {after.kind} at {after.lo:#x}..{after.hi:#x}",
                f"to begin after {row.hi:#x}",
                f"an overlap with the row {row.lo:#x}..{row.hi:#x}; give each address one row",
            )
    table = np.zeros(len(ordered), dtype=ROW)
    for index, row in enumerate(ordered):
        entry = (row.kind, row.action, 0, row.window, row.lo, row.hi, row.period, int(row.enabled), row.value)
        table[index] = entry
    return table


def _check(row: Row) -> None:
    for name, value, low, limit in (
        ("kind", row.kind, 0, 1 << 8),
        ("window", row.window, 0, 1 << 32),
        ("lo", row.lo, 0, _LIMIT),
        ("hi", row.hi, row.lo, _LIMIT),
        ("period", row.period, 1, _LIMIT),
        ("value", row.value, 0, _LIMIT),
    ):
        if not low <= value < limit:
            raise InvalidInput(f"dispatch row {row}, {name}", f"{low:#x}..{limit - 1:#x}", f"{value:#x}")


def lookup(rows: Rows, count: int, kind: int, address: int, width: int) -> int:
    """Index of the row of `kind` that holds all of [address, address + width), or -1.

    `count` rows are looked at. `address` is below 2**64; a `width` below 1, and an access that crosses the
    row's end or the end of the address space, find nothing.
    """
    if width < 1:
        return -1
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        row = rows[middle]
        row_kind = int(row["kind"])
        if row_kind < kind or (row_kind == kind and int(row["lo"]) <= address):
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return -1
    row = rows[low - 1]
    if int(row["kind"]) == kind and address + width - 1 <= int(row["hi"]):
        return low - 1
    return -1


def words(rows: Rows, index: int) -> memoryview:
    """The two words (enabled, value) of one row, shared with the table: what a native register binds to."""
    first = _ENABLED + index * _WORDS
    return memoryview(rows.view(np.uint64).data)[first : first + 2]
