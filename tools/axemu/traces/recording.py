"""Rows from a machine into a file: filtered, counted, and given up where the file takes no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from axemu.traces.filters import Filter
from axemu.traces.output import Output
from axemu.traces.perfetto import Perfetto
from axemu.traces.writers import Setting, Writer, writer_of
from emu.trace.calls import Switches
from emu.trace.code import Blocks
from emu.trace.rows import Batch, Kind
from emu.trace.translations import translations

TEXTS: Final = ("text", "spike", "jsonl")
_AT_ONCE: Final = 1 << 16  # rows of instructions


class Recording:
    """What the recorder writes to. `failure` is why the file takes no more; `stop` is called then."""

    def __init__(
        self, filter: Filter, wanted: frozenset[int], stop: Callable[[], None], *, expand: bool
    ) -> None:
        """wanted: the kinds of rows; expand: rows of blocks become rows of instructions."""
        self._filter, self._stop, self._expand = filter, stop, expand
        self._wanted = np.isin(np.arange(len(Kind)), sorted(wanted))
        self._blocks: Blocks | None = None
        self._writer: Writer | None = None
        self.left_out: Counter[str] = Counter()
        self.failure: OSError | None = None
        self.instructions = self.rows = 0

    def begin(self, setting: Setting, output: Output) -> None:
        """Raises OSError."""
        output.begin()
        self._blocks = setting.recorder.described.blocks
        self._writer = writer_of(setting, output)

    def write(self, batch: Batch) -> None:
        """Rows of the recorder."""
        if not self._expand:
            self._put(batch)
            return
        assert self._blocks is not None
        sizes = np.where(batch.kind == Kind.BLOCK, batch.value, np.uint64(1)).astype(np.int64)
        ends, at = np.cumsum(sizes), 0
        while at < len(batch):
            before = int(ends[at - 1]) if at else 0
            end = max(int(np.searchsorted(ends, before + _AT_ONCE, side="right")), at + 1)
            self._put(self._blocks.expanded(batch.take(slice(at, end))))
            at = end

    def follow(self, switches: Switches) -> None:
        """Calls of the recorder, for a writer that shows them."""
        if self.failure is None and isinstance(self._writer, Perfetto):
            try:
                self._writer.follow(switches)
            except OSError as error:
                self._fail(error)

    def _put(self, batch: Batch) -> None:
        assert self._writer is not None
        if self._filter:
            batch = self._filter.kept(batch)
        if not self._wanted[batch.kinds()].all():
            batch = batch.take(np.flatnonzero(self._wanted[batch.kind]))
        if self.failure is None and len(batch):
            try:
                self._writer.write(batch)
            except OSError as error:
                self._fail(error)
        insns = batch.instructions()
        if self.failure is None:
            self.instructions += insns
            self.rows += len(batch)
        else:
            self.left_out["instructions after the file was full"] += insns

    def _fail(self, error: OSError) -> None:
        self.failure = error
        self._stop()

    def end(self, setting: Setting, ended: str) -> None:
        """Make the file whole. Raises OSError."""
        assert self._writer is not None
        recorder = setting.recorder
        if self.failure is None:
            try:
                self._writer.flush()
            except OSError as error:
                self.failure = error
        left = self.left_out + Counter(
            {f"instructions by {reason}": count for reason, count in self._filter.left_out.items()}
        )
        for reason, count in (
            ("instructions by --only", recorder.passed),
            ("entries that found no room", recorder.lost),
            ("instructions of which nothing was noted", recorder.unseen),
            ("places of instructions whose code was gone", recorder.described.blocks.unplaced),
        ):
            left[reason] += count
        summary: dict[str, Any] = {
            "left_out": {reason: count for reason, count in left.items() if count},
            "complete": self.failure is None and not any(left.values()),
            "ended": ended if self.failure is None else f"the file took no more: {self.failure.strerror}",
            "instructions": self.instructions,
            "rows_count": self.rows,
            "names": recorder.described.names.all,
            "console": recorder.lines,
        }
        if setting.request.format == "arrow":
            summary["translations"] = translations(setting.machine, setting.symbols)
        self._writer.end(summary)
