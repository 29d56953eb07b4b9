"""What the palette (Ctrl-P) offers: keys, panes, themes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from axemu.tracer.keys import DESK, KEYS
from axemu.tracer.panes import PANES
from axemu.tracer.themes import THEMES

if TYPE_CHECKING:
    from axemu.tracer.app import Tracer


def offers(app: Tracer) -> Iterator[SystemCommand]:
    for key in KEYS:
        owner = app.desk if key.action.startswith(DESK) else app
        action = key.action.removeprefix(DESK)
        yield SystemCommand(
            f"{key.label or key.help} ({key.shown})",
            key.help,
            lambda action=action, owner=owner: app.call_later(app.run_action, action, owner),
        )
    for name, kind in PANES.items():
        yield SystemCommand(f"pane: {kind.title}", kind.help, lambda name=name: app.desk.show_pane(name))
    for name in THEMES:
        yield SystemCommand(f"theme: {name}", "colours", lambda name=name: app.set_theme(name))
