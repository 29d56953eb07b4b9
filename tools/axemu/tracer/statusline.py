"""Where the guest is and why it stands there, in one line."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from axemu.tracer.model import Snapshot
from axemu.tracer.palette import Palette
from axemu.tracer.panes.parts import guest_time
from emu.debug.stop import StopKind


class StatusLine(Static):
    def show(self, snapshot: Snapshot, palette: Palette) -> None:
        line = Text(no_wrap=True, overflow="ellipsis")
        if snapshot.running:
            line.append(" RUNNING ", f"{palette.good} reverse")
        else:
            over = snapshot.stop.over
            line.append(
                f" {snapshot.stop.kind.value.upper()} ", f"{palette.bad if over else palette.title} reverse"
            )
        line.append(
            f" insn {snapshot.position.instruction:,}  exit {snapshot.position.exit:,}  {guest_time(snapshot.time)} "
        )
        if snapshot.vcpus_count > 1:
            line.append(f" vCPU {snapshot.vcpu}")
        line.append(f" {snapshot.privilege} ", palette.data)
        line.append(f" {snapshot.place} " if snapshot.running else f" {snapshot.stop_text}", palette.symbol)
        if not snapshot.running and snapshot.stop.kind is StopKind.CRASHED:
            line.append("  y explains it", palette.good)
        self.update(line, layout=False)
