"""Breakpoints, watchpoints and catchpoints."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Points(Pane):
    title = "points"
    help = "breakpoints, watchpoints, catchpoints; Enter enables or disables one, Delete removes it"
    has_cursor = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,backspace", "change('delete')", show=False)]

    class Changed(Message):
        """The chosen point is to be changed by this command."""

        def __init__(self, command: str, number: int) -> None:
            super().__init__()
            self.command, self.number = command, number

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
            line.append(f"{row.number:<2} {row.kind:<6} ", palette.point if row.enabled else "")
            line.append(f"{row.what} ", palette.symbol)
            line.append(row.details, palette.number)
            line.append(f"  hit {row.hits:,}x" if row.hits else "", palette.faint)
            line.append("" if row.enabled else "  disabled")
            lines.append(line)
        return lines

    def action_choose(self) -> None:
        self.action_change("")

    def action_change(self, command: str) -> None:
        """`command` for the chosen point; "": disable it, or enable it."""
        points = self.snapshot.points if self.snapshot is not None else ()
        if self.cursor < len(points):
            row = points[self.cursor]
            self.post_message(self.Changed(command or ("disable" if row.enabled else "enable"), row.number))
