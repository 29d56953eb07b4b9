"""Memory in hexadecimal and as text; a byte is chosen."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Memory(Pane):
    title = "memory"
    help = (
        "memory; m follows an expression, / searches, Enter edits from the chosen byte on, Ctrl-Z undoes it"
    )
    has_cursor = True
    is_part = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move_byte(-1)", show=False),
        Binding("right", "move_byte(1)", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.per_line = 16
        self.column = 0
        self._digits = 8

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette, view = self.palette, snapshot.memory
        self._digits = 16 if view.address + len(view.data) > 1 << 32 else 8
        self.per_line = 16 if width >= self._digits + 2 + 16 * 3 + 1 + 16 else 8
        self.column = min(self.column, self.per_line - 1)
        self.border_subtitle = view.title.replace("[", "(")
        lines = []
        for at in range(0, len(view.data), self.per_line):
            row = view.data[at : at + self.per_line]
            line = Text(f"{view.address + at:0{self._digits}x}", palette.address, no_wrap=True)
            for index, byte in enumerate(row):
                changed = view.address + at + index in view.changed
                style = palette.changed if changed else palette.faint if not byte else palette.number
                line.append(" " if index % 8 or not index else "  ")
                line.append("??" if byte is None else f"{byte:02x}", style)
            line.append(" ")
            characters = (chr(byte) if byte is not None and 0x20 <= byte < 0x7F else "·" for byte in row)
            line.append("".join(characters), palette.string)
            lines.append(line)
        return lines

    def settle(self, snapshot: Snapshot) -> None:
        if self.sight((snapshot.memory.address, self.per_line), 0, 0):
            self.cursor = 0

    def line_at(self, index: int) -> Text:
        line = super().line_at(index)
        if index == self.cursor and self.has_focus and self.lines:
            line = line.copy()
            line.stylize("reverse", self._cell(self.column), self._cell(self.column) + 2)
        return line

    def _cell(self, column: int) -> int:
        """Where the digits of a byte of a line begin."""
        return self._digits + 1 + 3 * column + column // 8

    def action_move_byte(self, by: int) -> None:
        at = self.cursor * self.per_line + self.column + by
        self.column = at % self.per_line
        self.put_cursor(at // self.per_line)

    def pointed(self, column: int, line: int) -> None:
        super().pointed(column, line)
        self.column = max((each for each in range(self.per_line) if self._cell(each) <= column), default=0)
        self.refresh()

    @property
    def chosen(self) -> int:
        """The address of the chosen byte."""
        base = self.snapshot.memory.address if self.snapshot is not None else 0
        return base + self.cursor * self.per_line + self.column
