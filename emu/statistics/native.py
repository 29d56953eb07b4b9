"""The compiled `fold`, loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from isa import objects

fold: Final[Callable[[int], int]] = objects.python_function(
    objects.functions("emu.statistics.fold")["fold"], "fold"
)
"""Count the rows that the FOLD record at an address tells of."""
