"""The stack from its top down, each word followed."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane
from axemu.tracer.panes.parts import add_chain, hexadecimal


class Stack(Pane):
    title = "stack"
    help = "the stack, each word followed as a pointer; registers that point here are named"
    has_cursor = True

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        if not snapshot.stack:
            return [Text("the stack pointer points to no memory", palette.faint)]
        top = snapshot.stack[0].address
        marks = max((len(row.marks) for row in snapshot.stack), default=0)
        lines = []
        for row in snapshot.stack:
            line = Text(no_wrap=True)
            line.append(f"{row.address:#x}", palette.address)
            line.append(f" +{row.address - top:03x} ", palette.faint)
            line.append(f"{row.marks:<{min(marks, 8)}} ", palette.symbol)
            line.append(hexadecimal(row.value, 8 * row.width), palette.number if row.value else palette.faint)
            add_chain(line, row.chain, palette)
            lines.append(line)
        return lines
