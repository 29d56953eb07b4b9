"""What the command line answered."""

from __future__ import annotations

from collections import deque

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Output(Pane):
    title = "output"
    help = "answers of the command line (:)"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.text: deque[Text] = deque(maxlen=5000)

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        console = self.app.console
        folded = [part for line in self.text for part in line.wrap(console, width, overflow="fold")]
        return folded or [
            Text("`:` opens the command line; its answers come here. :help lists it.", self.palette.faint)
        ]

    def write(self, lines: list[Text]) -> None:
        self.text.extend(lines)
        self._stale = True
        if self.display and self.snapshot is not None and self.size.width:
            self.remake()
            self.scroll_to(
                y=max(self.count - max(self.scrollable_content_region.height, 1), 0),
                animate=False,
                immediate=True,
                force=True,
            )

    def on_show(self) -> None:
        super().on_show()
        self.scroll_to(
            y=max(self.count - max(self.scrollable_content_region.height, 1), 0),
            animate=False,
            immediate=True,
            force=True,
        )
