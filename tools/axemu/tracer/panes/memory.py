"""Memory in hexadecimal and as text."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Memory(Pane):
    title = "memory"
    help = "memory; m follows an expression, / searches, E edits the chosen bytes, U undoes the last edit"
    has_cursor = True
    per_line = 16

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette, view = self.palette, snapshot.memory
        digits = 16 if view.address + len(view.data) > 1 << 32 else 8
        self.per_line = 16 if width >= digits + 2 + 16 * 3 + 1 + 16 else 8
        self.border_subtitle = view.title.replace("[", "(")
        lines = []
        for at in range(0, len(view.data), self.per_line):
            row = view.data[at : at + self.per_line]
            line = Text(no_wrap=True)
            line.append(f"{view.address + at:0{digits}x}", palette.address)
            line.append(" ")
            for index, byte in enumerate(row):
                changed = view.address + at + index in view.changed
                style = palette.changed if changed else palette.faint if not byte else palette.number
                line.append(" " if index % 8 else "  " if index else " ")
                line.append("??" if byte is None else f"{byte:02x}", style)
            line.append("  ")
            line.append(
                "".join("·" if byte is None or not 0x20 <= byte < 0x7F else chr(byte) for byte in row),
                palette.string,
            )
            lines.append(line)
        return lines

    def address_at(self, line: int) -> int:
        base = self.snapshot.memory.address if self.snapshot is not None else 0
        return base + line * self.per_line
