"""How often blocks ran: the native side's tables, and the sums that outlive an engine's translations."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np

from emu.calls.tables import CallTables
from isa.records import BLOCK, CELL, SPAN

Rows: TypeAlias = np.ndarray[Any, Any]
SPANS: Final = 1 << 15
RUNS: Final = np.dtype([("pc", "u8"), ("size", "u4"), ("count", "u4"), ("times", "u8")])
"""A block of `count` instructions in `size` bytes that began `times` times."""
EXTRA: Final = np.dtype([*SPAN.descr, ("times", "u8")])
"""SPAN, as often as it was noted."""
FALLS: Final = np.dtype([("pc", "u8"), ("times", "u8")])
"""`times` the code at `pc` was gone on with where a block had ended, without a branch."""
_ENOUGH: Final = 1 << 16  # rows, until equal ones are put together


class Sums:
    """Rows with a column `times`; those that are otherwise equal are one, at the latest when they are read."""

    def __init__(self, kind: np.dtype[Any]) -> None:
        self._kind = kind
        self._parts: list[Rows] = []
        self._waiting = 0

    def add(self, rows: Rows) -> None:
        if len(rows):
            self._parts.append(rows)
            self._waiting += len(rows)
            if self._waiting > max(_ENOUGH, 2 * len(self._parts[0])):
                self.rows()

    def rows(self) -> Rows:
        """In the order of their columns."""
        if len(self._parts) > 1:
            self._parts = [_together(np.concatenate(self._parts))]
        elif not self._parts:
            return np.zeros(0, self._kind)
        self._waiting = 0
        return self._parts[0]


def _together(rows: Rows) -> Rows:
    names = [name for name in rows.dtype.names or () if name != "times"]
    rows = rows[np.lexsort([rows[name] for name in reversed(names)])]
    new = np.zeros(len(rows), bool)
    new[0] = True
    for name in names:
        new[1:] |= rows[name][1:] != rows[name][:-1]
    starts = np.flatnonzero(new)
    found = rows[starts]
    found["times"] = np.add.reduceat(rows["times"], starts)
    return found


class BlockCounts:
    """What ran since somebody began to count, on however many engines one after the other. `branches`: and what branches
    did not take, in `falls`. `calls`: who called whom, where calls are followed."""

    def __init__(self, *, branches: bool = False, calls: CallTables | None = None) -> None:
        self.runs, self.extra = Sums(RUNS), Sums(EXTRA)
        self.falls = Sums(FALLS) if branches else None
        self.calls: Final = calls

    def add(self, other: BlockCounts) -> None:
        """What ran there too."""
        self.runs.add(other.runs.rows())
        self.extra.add(other.extra.rows())
        if self.falls is not None and other.falls is not None:
            self.falls.add(other.falls.rows())

    def note(self, pc: int, size: int, first: int, last: int) -> None:
        """One SPAN."""
        self.extra.add(np.array([(pc, size, first, last, 1)], EXTRA))


class NativeCounts:
    """What the block hook of one engine counts in."""

    def __init__(self, cells: Rows, *, branches: bool = False) -> None:
        self._falls = np.zeros(len(cells) if branches else 0, np.uint64)
        self._runs, self._facts = np.zeros(len(cells), np.uint64), np.zeros(len(cells), BLOCK)
        self._spans = np.zeros(SPANS, SPAN)
        first = int(cells.ctypes.data)
        self.words: Final = {
            "spans": int(self._spans.ctypes.data),
            "spans_head": 0,
            "spans_size": SPANS,
            "runs_offset": (int(self._runs.ctypes.data) - first // 2) % (1 << 64),
            "facts_offset": (int(self._facts.ctypes.data) - first) % (1 << 64),
        }
        """Fields of the engine block."""
        if branches:
            self.words["falls_offset"] = (int(self._falls.ctypes.data) - first // 2) % (1 << 64)
        assert CELL.itemsize == BLOCK.itemsize == 2 * self._runs.itemsize

    def take_runs(self, used: int, into: BlockCounts) -> None:
        """Those of the first `used` cells; they begin anew."""
        counts, facts = self._runs[:used], self._facts[:used]
        ran = np.flatnonzero(counts)
        rows = np.empty(len(ran), RUNS)
        for name in ("pc", "size", "count"):
            rows[name] = facts[name][ran]
        rows["times"] = counts[ran]
        into.runs.add(rows)
        if into.falls is not None:
            self._take_falls(used, into.falls)

    def _take_falls(self, used: int, into: Sums) -> None:
        fell = np.flatnonzero(self._falls[:used])
        rows = np.empty(len(fell), FALLS)
        rows["pc"], rows["times"] = self._facts["pc"][:used][fell], self._falls[:used][fell]
        into.add(rows)

    def forget(self, used: int, *, facts: bool) -> None:
        """Begin anew; `facts`: the cells get other blocks."""
        self._runs[:used] = 0
        self._falls[:used] = 0
        if facts:
            self._facts[:used] = 0

    def take_spans(self, used: int, into: BlockCounts) -> None:
        rows = np.ones(used, EXTRA)
        for name in SPAN.names or ():
            rows[name] = self._spans[name][:used]
        fell = rows["first"] < 0
        if into.falls is not None and fell.any():
            falls = np.ones(int(fell.sum()), FALLS)
            falls["pc"] = rows["pc"][fell]
            into.falls.add(falls)
            rows = rows[~fell]
        into.extra.add(_together(rows) if len(rows) else rows)
