"""The compiled counting functions, loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from isa import objects

_FOUND: Final = objects.functions("emu.statistics.fold")
COUNT_ACCESS: Final[int] = _FOUND["count_access"]
"""For `emu.observer.NativeCounter`, with FOLD records."""
count_answered: Final[Callable[[int], int]] = objects.python_function(
    _FOUND["count_answered"], "count_answered"
)
"""Count the exit that the FOLD record at an address describes."""
count_logged: Final[Callable[[int], int]] = objects.python_function(_FOUND["count_logged"], "count_logged")
"""Count the rows that the FOLD record at an address tells of."""
