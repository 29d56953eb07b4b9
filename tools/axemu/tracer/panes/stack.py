"""The stack from its top down, each word followed."""

from __future__ import annotations

from typing import Final

from rich.cells import set_cell_size
from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane
from axemu.tracer.panes.parts import add_chain

WIDE: Final = 56
"""Columns from which on offsets and leading zeros are shown."""


class Stack(Pane):
    title = "stack"
    help = "the stack, each word followed as a pointer; registers that point here are named"
    has_cursor = True

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        if not snapshot.stack:
            return [Text("the stack pointer points to no memory", palette.faint)]
        top = snapshot.stack[0].address
        marks = min(max((len(row.marks) for row in snapshot.stack), default=0), 6)
        wide = width >= WIDE
        digits = 2 * snapshot.stack[0].width if wide else max(len(f"{row.value:x}") for row in snapshot.stack)
        lines = []
        for row in snapshot.stack:
            line = Text(no_wrap=True)
            line.append(f"{row.address:#x}", palette.address)
            line.append(f" +{row.address - top:03x} " if wide else " ", palette.faint)
            line.append(set_cell_size(row.marks, marks) + " ", palette.symbol)
            line.append(f"0x{row.value:0{digits}x}", palette.number if row.value else palette.faint)
            add_chain(line, row.chain, palette)
            lines.append(line)
        return lines
