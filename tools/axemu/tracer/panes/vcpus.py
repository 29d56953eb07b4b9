"""The virtual CPUs: state, what they wait for, where they are."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane

WIDE: Final = 48
"""Columns from which on the pc is shown beside its symbol."""


class Vcpus(Pane):
    title = "vCPUs"
    help = "virtual CPUs: state, what they wait for, pending interrupts; Enter selects one"
    has_cursor = True
    choose = "vcpu"

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        lines = []
        for row in snapshot.vcpus:
            line = Text(no_wrap=True, style=palette.current if row.selected else "")
            line.append(f"{'►' if row.selected else ' '}{row.number} {row.state:<7} ")
            if width >= WIDE or not row.symbol:
                line.append(f"{row.pc:#x} ", "" if row.selected else palette.address)
            line.append(f"{row.symbol} ", "" if row.selected else palette.symbol)
            line.append(row.privilege, "" if row.selected else palette.data)
            if row.waits:
                line.append(f"  waits: {row.waits}", palette.faint)
            if row.pending:
                line.append(f"  pending: {row.pending}", palette.trap)
            line.append(f"  {row.retired:,} instructions", palette.faint)
            lines.append(line)
        return lines
