"""The guest's serial line: what it writes, and keys for it."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.geometry import Size

from axemu.channel import HeldChannel
from axemu.tracer.keycodes import bytes_of
from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane
from axemu.tracer.scrollback import Scrollback

PIECE = 1 << 15
"""Bytes rendered at a time; a guest that writes more loses what came before them, and a line says how much."""


class Console(Pane):
    title = "console"
    help = "the guest's serial line; Enter or i types into it, Ctrl-A x ends typing"

    empty = "nothing written yet"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.channel: HeldChannel | None = None
        self.text = Scrollback()
        self.typing = False
        self._prefix = False
        self._dropped = 0

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        return []

    @property
    def count(self) -> int:
        return len(self.text.lines)

    def line_at(self, index: int) -> Text:
        line = self.text.lines[index]
        if self.typing and index == self.count - 1:
            line = line.copy()
            line.append("█")
        return line

    def remake(self) -> None:
        self._stale = False
        self.drain(always=True)

    def drain(self, *, always: bool = False) -> None:
        """Take what the guest wrote."""
        if self.channel is None:
            return
        data = self.channel.take(PIECE)
        if not data and not always:
            return
        at_end = self.scroll_offset.y >= self.max_scroll_y - 1
        if self.channel.dropped > self._dropped:
            self.text.note(
                f"[{self.channel.dropped - self._dropped:,} bytes not shown: the guest writes faster]"
            )
            self._dropped = self.channel.dropped
        self.text.feed(data)
        width = self.scrollable_content_region.width
        longest = max((len(line) for line in list(self.text.lines)[-200:]), default=0)
        self.virtual_size = Size(max(width, longest), self.count)
        if at_end or self.typing:
            self.scroll_to(
                y=max(self.count - max(self.scrollable_content_region.height, 1), 0),
                animate=False,
                immediate=True,
                force=True,
            )
        self.refresh()

    # -- typing -------------------------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        self.begin_typing()

    def begin_typing(self) -> None:
        if self.channel is not None and not self.channel.live:
            self.app.notify(
                "The guest's input comes from a file (--input): nobody can type.", severity="warning"
            )
            return
        self.typing, self._prefix = True, False
        self.border_subtitle = "typing: Ctrl-A x ends it"
        self.set_class(True, "typing")
        self.refresh()

    def end_typing(self) -> None:
        self.typing = False
        self.border_subtitle = ""
        self.set_class(False, "typing")
        self.refresh()

    def on_blur(self) -> None:
        if self.typing:
            self.end_typing()

    def on_paste(self, event: events.Paste) -> None:
        if self.typing:
            event.stop()
            self.send(event.text.replace("\n", "\r").encode())

    def take_key(self, event: events.Key) -> bool:
        """A key while typing; True: it was for the guest."""
        if self._prefix:
            self._prefix = False
            if event.key == "x":
                self.end_typing()
                return True
            if event.key != "ctrl+a":
                return True
        elif event.key == "ctrl+a":
            self._prefix = True
            return True
        data = bytes_of(event.key, event.character)
        if data:
            self.send(data)
        return True

    def send(self, data: bytes) -> None:
        if self.channel is not None and not self.channel.type(data):
            self.app.notify("The guest does not read its input: keys are dropped.", severity="warning")
