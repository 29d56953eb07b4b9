"""Disassembly around the pc, with symbols, source lines, arrows of branches and breakpoints."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import CodeLine, Snapshot
from axemu.tracer.pane import Pane


class Code(Pane):
    title = "disassembly"
    help = "disassembly; b sets or clears a breakpoint on the chosen line, g goes to an address"
    has_cursor = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.rows: list[CodeLine | None] = []
        self._shown: object = None

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        code = snapshot.code
        arrows = _arrows(code)
        lines: list[Text] = []
        self.rows = []
        current = 0
        for number, each in enumerate(code):
            if each.label:
                lines.append(Text(f"     <{each.label}>:", palette.symbol))
                self.rows.append(None)
            if each.source:
                lines.append(Text(f"     {each.source}", palette.string))
                self.rows.append(None)
            if each.current:
                current = len(lines)
            lines.append(self._line(each, arrows[number]))
            self.rows.append(each)
            if each.note:
                note = Text(f"          ┄ {each.note}", palette.faint)
                lines.append(note)
                self.rows.append(None)
        anchor = (snapshot.pc, code[0].address if code else 0, id(snapshot.stop), width)
        if anchor != self._shown:
            self._shown = anchor
            first = (
                current
                if any(each.current for each in code)
                else min(len(lines) // 3, max(len(lines) - 1, 0))
            )
            self.lines = lines
            self.measure()
            self.cursor = first
            rows = max(self.scrollable_content_region.height, 1)
            self.scroll_to(y=max(first - rows // 3, 0), animate=False, immediate=True)
        return lines

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
