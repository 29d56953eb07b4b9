"""Screens of text above the panes: help, and the answer to why."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from axemu.tracer.reference import help_lines

if TYPE_CHECKING:
    from axemu.tracer.commands import CommandTable


class TextScreen(ModalScreen[None]):
    """Lines to read; any of Escape, q, Enter, ? closes it."""

    DEFAULT_CSS = """
    TextScreen { align: center middle; }
    TextScreen > VerticalScroll { width: 96%; max-width: 120; height: auto; max-height: 94%; border: round $primary;
                                  background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark,y", "dismiss", "Close", show=False),
        Binding("j", "scroll(1)", show=False),
    ]

    def __init__(self, title: str, lines: list[Text]) -> None:
        super().__init__()
        self.text_title, self.text_lines = title, lines

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = self.text_title
            box.border_subtitle = "Escape closes"
            yield Static(Text("\n").join(self.text_lines))


class HelpScreen(TextScreen):
    def __init__(self, commands: CommandTable) -> None:
        super().__init__("help", [Text(line) for line in help_lines(commands)])
