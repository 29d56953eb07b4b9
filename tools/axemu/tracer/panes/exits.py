"""The table of VM exits: any number of rows, of which only those in view are made."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import set_cell_size
from rich.text import Text
from textual.geometry import Size

from axemu.tracer.exitview import ExitView, Filter, Places
from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane
from axemu.tracer.panes.parts import short_time
from emu.debug.exits import Event, ExitRow, call_of
from isa.contract import Isa

READS: Final = (Event.MMIO_READ, Event.IO_READ, Event.SYSREG_READ)
WRITES: Final = (Event.MMIO_WRITE, Event.IO_WRITE, Event.SYSREG_WRITE)
ACCESSES: Final = (*READS, *WRITES)
TIMED, WIDE, NARROW = 56, 90, 52
"""Columns from which on there is the time, and room to spare; what all but the number and the register takes."""


class Exits(Pane):
    title = "exits"
    help = "every VM exit; / filters (mmio uart reg:LSR value:0x41 pc:main -read), Enter explains one"
    has_cursor = True
    empty = "none: c runs the guest, e to its next VM exit"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.view = ExitView()
        self.places = Places()
        self.filter = Filter()
        self.isa: Isa | None = None
        self._chosen: NDArray[np.int64] = np.empty(0, np.int64)
        self._seen = 0  # rows that the filter was asked about
        self._follow = True
        self._digits = 5
        self._shown: object = None

    # -- content ------------------------------------------------------------------------------------------------------

    def set_filter(self, found: Filter) -> None:
        self.filter = found
        self._chosen, self._seen = np.empty(0, np.int64), self.view.dropped
        self._follow = True
        self.remake()

    def remake(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        self._stale = False
        was_last = self._follow or self.cursor >= self.count - 1
        self._take(snapshot)
        width = self.scrollable_content_region.width
        shown = (self.count, self.view.count, self.view.dropped, self.filter.text, self.size)
        if shown == self._shown:
            return
        self._shown = shown
        if self.view.count > self.view.dropped:
            self._digits = max(len(str(self.view.row(self.view.count - 1).number)), 5)
        self.virtual_size = Size(width, self.count)
        of = f" of {len(self.view):,}" if self.filter.mask is not None else ""
        gone = f", {self.view.dropped:,} older ones dropped" if self.view.dropped else ""
        words = f"  /{self.filter.text}" if self.filter.text else ""
        self.border_subtitle = f"{self.count:,}{of}{gone}{words}".replace("[", "(")
        if was_last and self.count:
            self.cursor = self.count - 1
            rows = max(self.scrollable_content_region.height, 1)
            self.call_after_refresh(self.scroll_to, y=max(self.count - rows, 0), animate=False)
        self.refresh()

    def _take(self, snapshot: Snapshot) -> None:
        """The rows of another moment; the filter is asked about the new ones only."""
        view = snapshot.exits
        if self.view.origin != view.origin or view.count < self._seen:
            self.filter = Filter.parse(self.filter.text, self.places, snapshot.symbols, view.origin)
            self._chosen, self._seen = np.empty(0, np.int64), 0
        self.view = view
        if self.filter.mask is not None:
            more = view.select(self.filter.mask, self._seen)
            if len(more):
                self._chosen = np.concatenate([self._chosen, more])
            if len(self._chosen) and self._chosen[0] < view.dropped:
                self._chosen = self._chosen[np.searchsorted(self._chosen, view.dropped) :]
        self._seen = view.count

    @property
    def count(self) -> int:
        return len(self._chosen) if self.filter.mask is not None else len(self.view)

    def row_at(self, line: int) -> ExitRow:
        index = int(self._chosen[line]) if self.filter.mask is not None else self.view.dropped + line
        return self.view.row(index)

    def put_cursor(self, line: int) -> None:
        super().put_cursor(line)
        self._follow = self.cursor >= self.count - 1

    def choose_instruction(self, number: int) -> None:
        """The row of the exit nearest to an instruction, counted from the last power-on."""
        if self.count:
            self.put_cursor(min(max(self._line_of(number), 0), self.count - 1))

    def _line_of(self, number: int) -> int:
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self.row_at(middle).instruction < number:
                low = middle + 1
            else:
                high = middle
        return low

    def line_at(self, index: int) -> Text:
        snapshot = self.snapshot
        assert snapshot is not None
        return self.row_text(self.row_at(index), snapshot, self.scrollable_content_region.width)

    def row_text(self, row: ExitRow, snapshot: Snapshot, width: int) -> Text:
        palette = self.palette
        style = palette.read if row.kind in READS else palette.write if row.kind in WRITES else palette.trap
        if row.kind is Event.CRASH:
            style = palette.bad
        line = Text(no_wrap=True)
        is_exit = row.kind <= Event.CRASH
        line.append(f"{row.number if is_exit else '':>{self._digits}} ", palette.faint)
        if width >= TIMED:
            line.append(f"{short_time(row.time):>10}" + " ", palette.faint)
        if snapshot.vcpus_count > 1:
            line.append(f"{row.vcpu} ", palette.faint)
        line.append(f"{row.kind.text:<{12 if width >= WIDE else 10}} ", style)
        where, value = self._where(row)
        line.append(
            set_cell_size(where, min(max(width - NARROW - self._digits, 14), 24)) + " ", palette.symbol
        )
        line.append(f"{value:<{18 if width >= WIDE else 10}} ", palette.number)
        line.append(snapshot.symbols.name(row.pc) or f"{row.pc:#x}", palette.address)
        return line

    def _where(self, row: ExitRow) -> tuple[str, str]:
        """(device and register, value) in words."""
        if row.kind in ACCESSES:
            digits = max(2 * row.width, 1)
            value = f"{row.value:#0{digits + 2}x}"
            if row.width == 1 and 0x20 <= row.value < 0x7F:
                value += f" {chr(row.value)!r}"
            place = self.places.of(row)
            if place is None:
                return f"{row.address:#x}", value
            offset = row.address - place.base
            return (
                f"{place.name} {place.registers.get((offset, row.kind in WRITES)) or f'+{offset:#x}'}",
                value,
            )
        if row.kind in (Event.TRAP, Event.INTERRUPT, Event.CRASH):
            interrupt = row.kind is Event.INTERRUPT
            name = self.isa.vector_name(row.address, interrupt=interrupt) if self.isa is not None else ""
            return name, f"{row.value:#x}"
        if row.kind is Event.HYPERCALL:
            name = self.isa.call_name(*call_of(row.address)) if self.isa is not None else ""
            return name, f"{row.value:#x}"
        return f"{row.address:#x}" if row.address else "", f"{row.value:#x}" if row.value else ""
