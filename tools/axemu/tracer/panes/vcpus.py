"""The virtual CPUs: state, what they wait for, where they are."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Vcpus(Pane):
    title = "vCPUs"
    help = "virtual CPUs: state, what they wait for, pending interrupts; Enter selects one"
    has_cursor = True

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        lines = []
        for row in snapshot.vcpus:
            line = Text(no_wrap=True, style=palette.current if row.selected else "")
            line.append(f"{'►' if row.selected else ' '}{row.number} {row.state:<8} ")
            line.append(f"{row.privilege:<10} ", "" if row.selected else palette.data)
            line.append(f"{row.pc:#x} ", "" if row.selected else palette.address)
            line.append(row.symbol, "" if row.selected else palette.symbol)
            if row.waits:
                line.append(f"  waits: {row.waits}", palette.faint)
            if row.pending:
                line.append(f"  pending: {row.pending}", palette.trap)
            line.append(f"  {row.retired:,} instructions", palette.faint)
            lines.append(line)
        return lines
