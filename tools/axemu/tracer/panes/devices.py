"""The machine's devices, looked at without effect."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Devices(Pane):
    title = "devices"
    help = "devices: registers read without effect, and what their state holds"

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        lines = []
        for row in snapshot.devices:
            line = Text(no_wrap=True)
            line.append(f"{row.name} ", palette.title)
            line.append(
                f"{row.kind}, {'port ' if row.port else ''}{row.base:#x}+{row.size:#x}", palette.faint
            )
            lines.append(line)
            words = Text("  ", no_wrap=True)
            for offset, name, value in row.words:
                part = f"{name or f'+{offset:#x}'}={value:#x} "
                if len(words) + len(part) > max(width, 30):
                    lines.append(words)
                    words = Text("  ", no_wrap=True)
                words.append(part, palette.number if value else palette.faint)
            if len(words) > 2:
                lines.append(words)
            for name, text in row.facts:
                fact = Text(f"    {name}: ", palette.symbol)
                fact.append(text, palette.number)
                lines.append(fact)
        return lines
