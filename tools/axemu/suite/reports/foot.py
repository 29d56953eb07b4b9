"""Lines at the foot of a terminal that are redrawn in place, with ordinary output scrolling above them.

rich's Live goes up as many rows as it once wrote. When the window has become narrower since, the terminal has folded
those lines into more rows, and every redraw leaves the top of the last one behind. Here the rows are counted in the
width of now. After every draw the cursor is in the first column below the foot.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text


class Foot:
    """Not for two threads at once. Raises OSError where the terminal is gone."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._widths: list[int] = []  # of the lines that stand there now
        self._drawn = ""

    def draw(self, lines: Sequence[Text], above: Sequence[Text] = ()) -> None:
        """`above` goes into the scrolling part, then `lines` are the foot."""
        width, height = self._console.size
        fitting = [each.copy() for each in lines[: max(0, height - 1)]]
        for each in fitting:
            each.truncate(max(1, width - 1), overflow="ellipsis")
        drawn = self._rendered(fitting)
        if not above and drawn == self._drawn and all(each < width for each in self._widths):
            return
        rows = sum(1 + max(0, each - 1) // max(1, width) for each in self._widths)
        up = f"\x1b[{min(rows, height - 1)}A" if rows else ""
        self._console.file.write(f"\r{up}\x1b[J{self._rendered(above)}{drawn}")
        self._console.file.flush()
        self._widths, self._drawn = [each.cell_len for each in fitting], drawn

    def _rendered(self, lines: Sequence[Text]) -> str:
        with self._console.capture() as capture:
            for each in lines:
                self._console.print(each, soft_wrap=True)
        return capture.get()
