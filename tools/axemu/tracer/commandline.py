"""The line that `:` opens: history with up and down, completion with Tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

if TYPE_CHECKING:
    from axemu.tracer.commands import CommandTable


class CommandLine(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+g", "close", "Close", show=False, priority=True),
        Binding("enter", "submit", "Enter", show=False, priority=True),
        Binding("up", "recall(-1)", show=False),
        Binding("down", "recall(1)", show=False),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(self, commands: CommandTable, history: list[str], entered: Callable[[str], None]) -> None:
        super().__init__(compact=True, select_on_focus=False)
        self._entered = entered
        self.commands, self.history = commands, list(history)
        self.names: tuple[str, ...] = ()
        self._before, self._at = "", 0
        self._from: Widget | None = None  # had the focus before

    def open(self, prompt: str, text: str = "", before: str = "") -> None:
        """`before` is put before what is entered."""
        self._before, self._at = before, len(self.history)
        self.placeholder = prompt
        self.value = text
        self.cursor_position = len(text)
        if self.screen.focused is not self:
            self._from = self.screen.focused
        self.add_class("open")
        self.screen.add_class("asking")
        self.screen.set_focus(self)  # at once: what is typed ahead is for this line

    def action_close(self) -> None:
        self.remove_class("open")
        self.screen.remove_class("asking")
        if self._from is not None and self._from.display:
            self.screen.set_focus(self._from)
        else:
            self.screen.focus_next("Pane")

    async def action_submit(self) -> None:
        text = self._before + self.value
        self.action_close()
        if text.strip() and (not self.history or self.history[-1] != text):
            self.history.append(text)
        self._entered(text)

    def action_recall(self, step: int) -> None:
        self._at = min(max(self._at + step, 0), len(self.history))
        self.value = self.history[self._at] if self._at < len(self.history) else ""
        self.cursor_position = len(self.value)

    def action_complete(self) -> None:
        head, space, word = self.value.rpartition(" ")
        names = self.names if space or self._before else self.commands.names
        found = [each for each in names if each.startswith(word)]
        if not found:
            return
        common = found[0]
        for each in found:
            while not each.startswith(common):
                common = common[:-1]
        self.value = head + space + (common + " " if len(found) == 1 else common)
        self.cursor_position = len(self.value)
        if len(found) > 1 and common == word:
            self.app.notify("  ".join(found[:40]), title=f"{len(found)} names", markup=False)
