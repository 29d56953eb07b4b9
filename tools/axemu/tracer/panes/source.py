"""The source file of the selected frame."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Source(Pane):
    title = "source"
    help = "the source line of the selected frame"

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette, view = self.palette, snapshot.source
        lines = [] if view.lines else [Text(view.note, palette.faint)]
        for number, text in view.lines:
            here = number == view.line
            line = Text(no_wrap=True, style=palette.current if here else "")
            line.append(f"{'►' if here else ' '}{number:>5} ", "" if here else palette.faint)
            line.append(text.expandtabs(4))
            lines.append(line)
        note = ": newer than the program" if view.lines and view.note else ""
        self.border_subtitle = f"{view.title}{note}".replace("[", "(")
        return lines

    def settle(self, snapshot: Snapshot) -> None:
        view = snapshot.source
        at = next((at for at, (number, _) in enumerate(view.lines) if number == view.line), 0)
        self.sight((view.title, view.line), at, 1 / 2)
