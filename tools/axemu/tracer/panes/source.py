"""The source file of the selected frame."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Source(Pane):
    title = "source"
    help = "the source line of the selected frame"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._shown: object = None

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette, view = self.palette, snapshot.source
        lines = [Text(view.note, palette.faint)] if view.note else []
        at = 0
        for number, text in view.lines:
            here = number == view.line
            if here:
                at = len(lines)
            line = Text(no_wrap=True, style=palette.current if here else "")
            line.append(f"{'►' if here else ' '}{number:>5} ", "" if here else palette.faint)
            line.append(text.expandtabs(4))
            lines.append(line)
        self.border_subtitle = view.title.replace("[", "(")
        if (view.title, view.line) != self._shown:
            self._shown = (view.title, view.line)
            self.lines = lines
            self.measure()
            rows = max(self.scrollable_content_region.height, 1)
            self.scroll_to(y=max(at - rows // 2, 0), animate=False, immediate=True)
        return lines
