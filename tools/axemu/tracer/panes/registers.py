"""Registers: general ones with where they point, status ones with their fields."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from axemu.tracer.model import RegisterRow, Snapshot
from axemu.tracer.pane import Pane
from axemu.tracer.panes.parts import add_chain

LEAST_CHAIN: Final = 24
"""Columns for where a register points to; with fewer left, leading zeros give way."""


class Registers(Pane):
    title = "registers"
    short = "regs"
    help = "registers; changed ones are marked, status registers decoded, pointers followed"

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        general = [each for each in snapshot.registers if each.general and each.known]
        system = [
            each
            for each in snapshot.registers
            if not each.general and each.group not in ("float", "vector", "part") and each.known
        ]
        wide = [
            each
            for each in snapshot.registers
            if each.group in ("float", "vector") and each.known and not each.general
        ]
        name_width = max((len(each.name) for each in general), default=3)
        digits = max((max(each.bits, 4) // 4 for each in general), default=1)
        if width < name_width + digits + LEAST_CHAIN:
            digits = min(digits, 8)
        lines = [self._general(each, name_width, digits) for each in general]
        shown = [each for each in system if each.value or each.changed]
        for title, rows in (
            ("control and status", shown),
            ("floating point and vector", [r for r in wide if r.value or r.changed]),
        ):
            if rows:
                lines.append(Text(f"── {title}, not zero", self.palette.faint))
                lines += [self._other(each, max(len(row.name) for row in rows)) for each in rows]
        return lines

    def _start(self, row: RegisterRow, name_width: int) -> Text:
        palette = self.palette
        line = Text(no_wrap=True)
        line.append("*" if row.changed else " ", palette.changed)
        line.append(f"{row.name:<{name_width}} ", palette.changed if row.changed else palette.address)
        return line

    def _general(self, row: RegisterRow, name_width: int, digits: int) -> Text:
        palette = self.palette
        line = self._start(row, name_width)
        style = palette.faint if not row.value else palette.changed if row.changed else palette.number
        line.append(f"0x{row.value:0{min(digits, max(row.bits, 4) // 4)}x}", style)
        if row.chain:
            add_chain(line, row.chain, palette)
        elif 0x20 <= row.value < 0x7F:
            line.append(f"  {row.value} {chr(row.value)!r}", palette.faint)
        elif 9 < row.value < 1 << 20:
            line.append(f"  {row.value}", palette.faint)
        elif row.bits >= 32 and row.value >> (row.bits - 1) and row.value >= (1 << row.bits) - (1 << 20):
            line.append(f"  {row.value - (1 << row.bits)}", palette.faint)
        return line

    def _other(self, row: RegisterRow, name_width: int) -> Text:
        palette = self.palette
        line = self._start(row, name_width)
        line.append(f"{row.value:#x}", palette.changed if row.changed else palette.number)
        for name, text in row.fields:
            line.append(f" {name}", palette.symbol)
            if text:
                line.append(f"={text}", palette.number)
        return line
