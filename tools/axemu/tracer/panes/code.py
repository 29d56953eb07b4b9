"""Disassembly around the pc, with symbols, source lines, arrows of branches and breakpoints."""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual.message import Message

from axemu.tracer.model import CodeLine, Snapshot
from axemu.tracer.pane import Pane

GUTTER: Final = 2
"""Cells left of the address: breakpoint and pc."""


class Code(Pane):
    title = "disassembly"
    short = "code"
    help = "disassembly; b sets or clears a breakpoint on the chosen line, g goes to an address"
    has_cursor = True
    is_part = True

    class Toggled(Message):
        """A breakpoint is wanted at this address, or no longer."""

        def __init__(self, address: int) -> None:
            super().__init__()
            self.address = address

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.rows: list[CodeLine | None] = []

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        code = snapshot.code
        arrows = _arrows(code)
        lines: list[Text] = []
        self.rows = []
        for number, each in enumerate(code):
            if each.label:
                lines.append(Text(f"     <{each.label}>:", palette.symbol))
                self.rows.append(None)
            if each.source:
                lines.append(Text(f"     {each.source}", palette.string))
                self.rows.append(None)
            lines.append(self._line(each, arrows[number]))
            self.rows.append(each)
            if each.note:
                note = Text(f"          ┄ {each.note}", palette.faint)
                lines.append(note)
                self.rows.append(None)
        return lines

    def settle(self, snapshot: Snapshot) -> None:
        code = snapshot.code
        current = next((at for at, row in enumerate(self.rows) if row is not None and row.current), None)
        line = len(self.lines) // 3 if current is None else current
        if self.sight((snapshot.pc, code[0].address if code else 0, id(snapshot.stop)), line, 1 / 3):
            self.cursor = line

    def toggle_point(self) -> None:
        address = self.address_at(self.cursor)
        if address is None:
            self.app.notify("No code is shown; `:b NAME` breaks anywhere.", severity="warning")
        else:
            self.post_message(self.Toggled(address))

    def action_choose(self) -> None:
        self.toggle_point()

    def pointed(self, column: int, line: int) -> None:
        super().pointed(column, line)
        if column < GUTTER:
            self.toggle_point()

    def _line(self, line: CodeLine, arrow: str) -> Text:
        palette = self.palette
        style = palette.current if line.current else ""
        text = Text(no_wrap=True, style=style)
        text.append(line.point or " ", palette.point)
        text.append("►" if line.current else " ", palette.point if not line.current else "")
        text.append(f"{line.address:#x}", "" if line.current else palette.address)
        text.append(f" {arrow} ", palette.arrow)
        text.append(f"{line.mnemonic:<7} ", "bold" if line.current else palette.code)
        text.append(line.operands, "" if line.current else palette.number)
        if line.target_name:
            text.append(f"  <{line.target_name}>", palette.symbol)
        return text

    def address_at(self, line: int) -> int | None:
        """Of the instruction on a line of the pane, of the next one where that is a label or a source line."""
        for row in self.rows[max(line, 0) :]:
            if row is not None:
                return row.address
        return None


def _arrows(code: tuple[CodeLine, ...]) -> list[str]:
    """Per line the gutter: at most two lanes of branches that stay inside the window."""
    index = {each.address: number for number, each in enumerate(code)}
    lanes = [[" "] * len(code) for _ in range(2)]
    heads = [" "] * len(code)
    for number, each in enumerate(code):
        if each.target is None:
            continue
        to = index.get(each.target)
        if to is None:
            heads[number] = "↗" if heads[number] == " " else heads[number]
            continue
        if to == number:
            heads[number] = "↺"
            continue
        low, high = sorted((number, to))
        for lane in (1, 0):
            if all(lanes[lane][at] == " " for at in range(low, high + 1)):
                for at in range(low + 1, high):
                    lanes[lane][at] = "│"
                lanes[lane][low], lanes[lane][high] = "╭", "╰"
                for other in range(lane + 1, 2):
                    for end in (low, high):
                        if lanes[other][end] == " ":
                            lanes[other][end] = "─"
                        elif lanes[other][end] == "│":
                            lanes[other][end] = "┼"
                break
        heads[number] = "─" if heads[number] == " " else heads[number]
        heads[to] = "►"
    return [f"{lanes[0][at]}{lanes[1][at]}{heads[at]}" for at in range(len(code))]
