"""Breakpoints, watchpoints and catchpoints."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Points(Pane):
    title = "points"
    help = "breakpoints, watchpoints, catchpoints; Enter enables or disables one, Delete removes it"
    has_cursor = True

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        if not snapshot.points:
            return [
                Text(
                    "none yet: b or F2 sets a breakpoint, w a watchpoint, :catch mmio a catchpoint",
                    palette.faint,
                )
            ]
        lines = []
        for row in snapshot.points:
            line = Text(no_wrap=True, style="" if row.enabled else palette.faint)
            hit = snapshot.stop is not None and row.number in snapshot.stop.points
            line.append("►" if hit else " ", palette.point)
            line.append(f"{row.number:<3} {row.kind:<10} ", palette.point if row.enabled else "")
            line.append(f"{row.what} ", palette.symbol)
            line.append(row.details, palette.number)
            line.append(f"  hit {row.hits:,}x" if row.hits else "", palette.faint)
            line.append("" if row.enabled else "  disabled")
            lines.append(line)
        return lines
