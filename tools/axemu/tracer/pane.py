"""What every pane is: a column of lines, of which only those in view are rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from axemu.tracer.model import Snapshot
from axemu.tracer.palette import Palette

if TYPE_CHECKING:
    from textual.events import Click


class Pane(ScrollView, can_focus=True):
    """A pane named `id`. Subclasses make `compose_lines` of a snapshot, or give `count` and `line_at` themselves where
    there are too many."""

    title: ClassVar[str] = ""
    short: ClassVar[str] = ""
    """The title where there is little room."""
    help: ClassVar[str] = ""
    choose: ClassVar[str] = ""
    """The command that Enter gives, with the number of the line."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, priority=True),
        Binding("down,j", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "move_page(-1)", "Page up", show=False, priority=True),
        Binding("pagedown", "move_page(1)", "Page down", show=False, priority=True),
        Binding("home", "move_to(0)", "Top", show=False, priority=True),
        Binding("end", "move_to(-1)", "Bottom", show=False, priority=True),
        Binding("enter", "choose", "Choose", show=False, priority=True),
    ]
    has_cursor: ClassVar[bool] = False
    is_part: ClassVar[bool] = False
    """Whether there is more above and below."""
    empty: ClassVar[str] = ""
    """What a pane without lines says."""

    class Chosen(Message):
        """A line was chosen with Enter or a double click."""

        def __init__(self, pane: Pane, line: int) -> None:
            super().__init__()
            self.pane, self.line = pane, line

    class Beyond(Message):
        """The cursor left the first line (-1) or the last one (1) of what is a part of something longer."""

        def __init__(self, pane: Pane, step: int) -> None:
            super().__init__()
            self.pane, self.step = pane, step

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.lines: list[Text] = []
        self.snapshot: Snapshot | None = None
        self.cursor = 0
        self._stale = True
        self._sighted: object = None
        self._base = Style.null()

    # -- content ------------------------------------------------------------------------------------------------------

    @property
    def palette(self) -> Palette:
        found: Palette = self.app.palette  # type: ignore[attr-defined]
        return found

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        """The pane's lines; a line is never folded."""
        return []

    def show(self, snapshot: Snapshot) -> None:
        """Render another moment, when the pane is in view."""
        self.snapshot, self._stale = snapshot, True
        if self.display and self.size.width:
            self.remake()

    @property
    def current(self) -> bool:
        """Whether its lines are of the moment it was given last."""
        return not self._stale

    def remake(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        self._stale = False
        trouble = snapshot.troubles.get(self.id or "")
        width = max(self.scrollable_content_region.width, 10)
        lines = [Text(trouble, self.palette.bad)] if trouble else self.compose_lines(snapshot, width)
        same = lines == self.lines and [each.style for each in lines] == [each.style for each in self.lines]
        self.lines = lines
        if not same:
            self.measure()
        if not trouble:
            self.settle(snapshot)

    def settle(self, snapshot: Snapshot) -> None:
        """After new lines: put the view where it belongs."""

    def sight(self, key: object, line: int, share: float) -> bool:
        """Scroll `line` to `share` of the height, once for each `key`; whether it was done now."""
        rows = self.scrollable_content_region.height
        if key == self._sighted or not rows:
            return False
        self._sighted = key
        self.scroll_to(x=0, y=max(line - int(rows * share), 0), animate=False, immediate=True, force=True)
        return True

    def measure(self) -> None:
        """The number of lines has changed."""
        width = self.scrollable_content_region.width
        longest = max((line.cell_len for line in self.lines), default=0) if len(self.lines) < 2000 else width
        self.virtual_size = Size(max(longest, width), self.count)
        self.refresh()

    @property
    def count(self) -> int:
        return len(self.lines)

    def line_at(self, index: int) -> Text:
        return self.lines[index]

    def on_show(self) -> None:
        if self._stale:
            self.remake()

    def on_resize(self) -> None:
        if self.snapshot is not None and self.display:
            self.remake()

    # -- rendering ----------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        index, width = y + scroll_y, self.scrollable_content_region.width
        base = self._base
        if 0 <= index < self.count:
            text = self.line_at(index)
        elif index or not self.empty:
            return Strip.blank(width, base)
        else:
            text = Text(self.empty, self.palette.faint)
        if self.has_cursor and index == self.cursor and self.has_focus:
            base += Style.parse(self.palette.cursor)
        if text.style:
            base += Style.parse(text.style) if isinstance(text.style, str) else text.style
        segments = text.render(self.app.console)
        strip = Strip(
            [Segment(each.text, base + each.style if each.style else base) for each in segments if each.text]
        )
        return strip.crop_extend(scroll_x, scroll_x + width, base)

    # -- moving -------------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        if self.has_cursor:
            self.put_cursor(self.cursor + by)
        else:
            self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_move_page(self, by: int) -> None:
        rows = max(self.scrollable_content_region.height - 1, 1)
        self.action_move(by * rows)

    def action_move_to(self, line: int) -> None:
        target = self.count - 1 if line < 0 else line
        if self.has_cursor:
            self.put_cursor(target)
        else:
            self.scroll_to(y=target, animate=False)

    def action_choose(self) -> None:
        if self.has_cursor and 0 <= self.cursor < self.count:
            self.post_message(self.Chosen(self, self.cursor))

    def put_cursor(self, line: int) -> None:
        if not self.count:
            return  # not laid out yet: nothing to move on, and no edge to go beyond
        if self.is_part and not 0 <= line < self.count:
            self.post_message(self.Beyond(self, 1 if line > 0 else -1))
        self.cursor = min(max(line, 0), self.count - 1)
        self.reveal(self.cursor)
        self.refresh()

    def reveal(self, line: int) -> None:
        """Scroll as little as needed for `line` to be in view."""
        top, rows = self.scroll_offset.y, max(self.scrollable_content_region.height, 1)
        if line < top:
            self.scroll_to(y=line, animate=False, immediate=True, force=True)
        elif line >= top + rows:
            self.scroll_to(y=line - rows + 1, animate=False, immediate=True, force=True)

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            self.pointed(offset.x + self.scroll_offset.x, offset.y + self.scroll_offset.y)
            if event.chain == 2:
                self.action_choose()

    def pointed(self, column: int, line: int) -> None:
        """A click on a cell of the pane's text."""
        if self.has_cursor:
            self.put_cursor(line)
