"""The pictures of docs/tracer.md, made by the tracer itself: `python -m axemu.tracer.pictures [FOLDER]`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from axemu.channel import HeldChannel
from axemu.options import Request
from axemu.plan import Plan
from axemu.tracer.app import Tracer
from axemu.tracer.guest import TracedGuest

ROOT: Final = Path(__file__).resolve().parents[3]
SMALL, LARGE = (80, 24), (200, 60)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a guest shows after some commands, with these panes in front."""

    name: str
    size: tuple[int, int]
    guest: str
    commands: tuple[str, ...]
    panes: tuple[str, ...]
    alone: str | None = None


CRASHED: Final = ("b third", "watch *(int *)0x80001ff8 if 0", "c", "c")
"""Points, and a crash at the end."""
SERVED: Final = ("goto exit:3000",)
"""In the middle of requests to a disk."""
PICTURES: Final = (
    Picture("tracer-80x24", SMALL, "riscv64/crash", CRASHED, ("code", "registers", "exits")),
    Picture("tracer-80x24-source", SMALL, "riscv64/crash", CRASHED, ("source", "stack", "console")),
    Picture("tracer-80x24-memory", SMALL, "riscv64/crash", CRASHED, ("memory", "frames", "timeline")),
    Picture("tracer-80x24-devices", SMALL, "riscv64/virtio", (*SERVED, "bt"), ("devices", "vcpus", "output")),
    Picture("tracer-80x24-points", SMALL, "aarch64/crash", CRASHED[::2], ("code", "points", "exits")),
    Picture("tracer-200x60", LARGE, "riscv64/crash", CRASHED, ("console", "frames", "memory")),
    Picture(
        "tracer-200x60-points", LARGE, "x86_64/crash", (*CRASHED[::2], "bt"), ("output", "points", "vcpus")
    ),
    Picture("tracer-200x60-devices", LARGE, "riscv64/virtio", SERVED, (), "devices"),
    Picture("tracer-why", (100, 30), "riscv64/crash", (*CRASHED, "why"), ()),
)


async def svg(picture: Picture) -> str:
    """The screen as SVG."""
    plan = Plan.of(Request(guest=ROOT / "guests" / picture.guest)).unlimited()
    with TracedGuest(plan, HeldChannel()) as guest:
        app = Tracer(guest)
        async with app.run_test(size=picture.size) as pilot:
            for command in ("when", *picture.commands):
                app.carry_out(command)
                await pilot.pause()
                while guest.running or app.link.pending or app.snapshot is None or not app.snapshot.whole:
                    await asyncio.sleep(0.01)
                await pilot.pause()
            for pane in picture.panes:
                app.desk.show_pane(pane, focus=False)
            app.desk.arrangement.alone = picture.alone
            app.desk.rearrange()
            app.clear_notifications()
            await pilot.pause(0.2)
            return app.export_screenshot(title=f"axemu trace guests/{picture.guest}")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        (folder / f"{picture.name}.svg").write_text(asyncio.run(svg(picture)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
