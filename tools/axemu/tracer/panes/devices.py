"""The machine's devices, looked at without effect."""

from __future__ import annotations

from rich.text import Text

from axemu.tracer.model import Snapshot
from axemu.tracer.pane import Pane


class Devices(Pane):
    title = "devices"
    help = "devices: registers read without effect, and what their state holds"

    def compose_lines(self, snapshot: Snapshot, width: int) -> list[Text]:
        palette = self.palette
        lines = []
        for row in snapshot.devices:
            line = Text(no_wrap=True)
            line.append(f"{row.name} ", palette.title)
            where = f"{row.kind}, {'port ' if row.port else ''}{row.base:#x}+{row.size:#x}"
            line.append(f"{where} {row.behind}".rstrip(), palette.faint)
            lines.append(line)
            if row.fault:
                lines.append(Text(f"  {row.fault}", palette.bad))
            if row.line is not None:
                level = {True: ", high", False: ", low", None: ""}[row.line.level]
                lines.append(Text(f"  interrupt: {row.line.text}{level}", palette.trap))
            words = Text("  ", no_wrap=True)
            for each in row.registers:
                if each.value is None:
                    continue
                part = f"{each.name}={each.value:#x}{f' {each.text}' if each.text else ''}  "
                if len(words) > 2 and len(words) + len(part) > max(width, 30):
                    lines.append(words)
                    words = Text("  ", no_wrap=True)
                words.append(part, palette.number if each.value else palette.faint)
            if len(words) > 2:
                lines.append(words)
            for source in row.sources:
                if source.level or source.pending or source.claimed:
                    states = [name for name in ("level", "pending", "claimed") if getattr(source, name)]
                    lines.append(
                        Text(f"  input {source.number} {source.device}: {', '.join(states)}", palette.trap)
                    )
            lines += [
                Text(f"  queue {queue.name}: {queue.taken} taken, {queue.used} used", palette.symbol)
                for queue in row.queues
            ]
        return lines
