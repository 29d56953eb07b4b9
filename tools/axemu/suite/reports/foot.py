"""Lines at the foot of a terminal that are redrawn in place, with ordinary output scrolling above them.

rich's Live goes up as many rows as it once wrote. When the window has become narrower since, the terminal has folded
those lines into more rows, and every redraw leaves the top of the last one behind. Here the rows are counted in the
width of now. After every draw the cursor is in the first column below the foot.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from axemu.suite.reports.rendering import Rendering


class Foot:
    """Not for two threads at once. Raises OSError where the terminal is gone."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._widths: list[int] = []  # of the lines that stand there now
        self._drawn = ""

    def draw(self, lines: Sequence[Text], above: Sequence[Text] = ()) -> None:
        """`above` goes into the scrolling part, then `lines` are the foot."""
        width, height = self._rendering.console.size
        fitting = [each.copy() for each in lines[: max(0, height - 1)]]
        for each in fitting:
            each.truncate(max(1, width - 1), overflow="ellipsis")
        drawn = self._rendering.text(fitting)
        if not above and drawn == self._drawn and all(each < width for each in self._widths):
            return
        rows = sum(1 + max(0, each - 1) // max(1, width) for each in self._widths)
        up = f"\x1b[{min(rows, height - 1)}A" if rows else ""
        self._rendering.stream.write(f"\r{up}\x1b[J{self._rendering.text(above)}{drawn}")
        self._rendering.stream.flush()
        self._widths, self._drawn = [each.cell_len for each in fitting], drawn
