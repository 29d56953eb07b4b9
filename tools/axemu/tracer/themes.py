"""The themes: Textual's colours for the frame, a palette for what is in it."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme as Frame

from axemu.tracer.palette import DARK, LIGHT, MONO, Palette


def _frame(name: str, primary: str, background: str, panel: str, foreground: str) -> Frame:
    return Frame(
        f"axemu-{name}",
        primary=primary,
        background=background,
        surface=background,
        panel=panel,
        foreground=foreground,
        dark=name != "light",
    )


THEMES: Final[dict[str, tuple[Palette, Frame]]] = {
    "dark": (DARK, _frame("dark", "#61afef", "#11151c", "#1a202b", "#d7dae0")),
    "light": (LIGHT, _frame("light", "#0550ae", "#ffffff", "#eef1f5", "#24292f")),
    "mono": (MONO, _frame("mono", "#c0c0c0", "#000000", "#000000", "#ffffff")),
}
