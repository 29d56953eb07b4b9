"""Colours by meaning, for the dark, the light and the colourless theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Palette:
    """Rich styles."""

    address: str
    symbol: str
    changed: str
    string: str
    code: str
    data: str
    number: str
    faint: str
    good: str
    bad: str
    current: str
    point: str
    cursor: str
    title: str
    arrow: str
    read: str
    write: str
    trap: str


DARK: Final = Palette(
    address="#7fa7d9", symbol="#e5c07b", changed="bold #ff7b72", string="#98c379", code="#e06c75",
    data="#c678dd", number="#d7dae0", faint="#8b93a3", good="#7ee787", bad="#ff7b72", current="bold #ffffff on #2f4a6d",
    point="bold #ff5f5f", cursor="on #3a4252", title="bold #61afef", arrow="#56b6c2", read="#61afef", write="#e5a05b",
    trap="#c678dd",
)  # fmt: skip
LIGHT: Final = Palette(
    address="#1c5a9c", symbol="#8a5a00", changed="bold #c01c28", string="#2b7a2b", code="#a51d2d",
    data="#7c3aa0", number="#24292f", faint="#59636e", good="#1a7f37", bad="#c01c28", current="bold #000000 on #cfe3ff",
    point="bold #c01c28", cursor="on #d8dee6", title="bold #0550ae", arrow="#0b7285", read="#0550ae", write="#953800",
    trap="#7c3aa0",
)  # fmt: skip
MONO: Final = Palette(
    address="", symbol="bold", changed="reverse", string="", code="", data="", number="", faint="dim", good="bold",
    bad="bold underline", current="reverse", point="bold", cursor="reverse", title="bold", arrow="", read="", write="",
    trap="",
)  # fmt: skip
