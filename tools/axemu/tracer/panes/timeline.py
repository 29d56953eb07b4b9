"""Exits along guest time, as bars: the higher, the more."""

from __future__ import annotations

from math import log
from typing import Final

from rich.text import Text
from textual.message import Message

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane
from axemu.tracer.panes.parts import guest_time

BARS: Final = " ▁▂▃▄▅▆▇█"


class Timeline(Pane):
    title = "timeline"
    short = "time"
    help = "exits along guest time; a click on it chooses the nearest exit"

    class Pointed(Message):
        """An instruction of the run was clicked on."""

        def __init__(self, instruction: int) -> None:
            super().__init__()
            self.instruction = instruction

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._range, self._width = (0, 0), 1

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette, view = self.palette, snapshot.exits
        now = snapshot.position.instruction
        self._range, self._width = (view.first_instruction, now), width
        rows = max(self.scrollable_content_region.height - 1, 1)
        counts = view.density(width, now)
        scale = rows * 8 / log(max(counts, default=0) + 2)
        heights = [max(round(log(count + 1) * scale), 1) if count else 0 for count in counts]
        lines = [
            Text(
                "".join(BARS[min(max(each - 8 * row, 0), 8)] for each in heights), palette.write, no_wrap=True
            )
            for row in reversed(range(rows))
        ]
        begin = f"instruction {view.first_instruction:,}"
        end = f"{now:,} ({guest_time(snapshot.time)}) ◄"
        lines.append(Text(begin + " " * max(width - len(begin) - len(end), 1) + end, palette.faint))
        return lines

    def pointed(self, column: int, line: int) -> None:
        begin, end = self._range
        self.post_message(self.Pointed(begin + (end - begin) * column // self._width))
