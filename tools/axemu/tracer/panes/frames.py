"""The call stack; every frame says how it was found."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Frames(Pane):
    title = "call stack"
    short = "calls"
    choose = "frame"
    help = "the call stack and how each frame was found; Enter selects one"
    has_cursor = True

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        lines = []
        for row in snapshot.frames:
            line = Text(no_wrap=True, style=palette.current if row.selected else "")
            line.append(f"{'►' if row.selected else ' '}#{row.level:<2} ")
            line.append(f"{row.pc:#x} ", "" if row.selected else palette.address)
            line.append(row.symbol, "" if row.selected else palette.symbol)
            if row.place:
                line.append(f"  {row.place}", "" if row.selected else palette.string)
            if row.level:
                line.append(f"  ({row.method})", palette.faint)
            lines.append(line)
        return lines
