"""Exits along guest time, as a strip: the higher, the more."""

from __future__ import annotations

from math import log

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane
from axemu.tracer.panes.parts import guest_time

BARS = " ▁▂▃▄▅▆▇█"


class Timeline(Pane):
    title = "timeline"
    help = "exits along guest time; a click on it chooses the nearest exit"

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette, view = self.palette, snapshot.exits
        counts = view.density(width, snapshot.position.instruction)
        most = max(counts, default=0)
        scale = (len(BARS) - 1) / log(most + 1) if most else 0
        strip = Text(no_wrap=True)
        for count in counts:
            strip.append(
                BARS[min(max(round(log(count + 1) * scale), 1 if count else 0), len(BARS) - 1)], palette.write
            )
        begin = f"instruction {view.first_instruction:,}"
        end = f"{snapshot.position.instruction:,} ({guest_time(snapshot.time)}) ◄"
        ruler = Text(begin + " " * max(width - len(begin) - len(end), 1) + end, palette.faint)
        return [strip, ruler]
