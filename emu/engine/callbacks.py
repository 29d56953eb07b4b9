"""The engine's compiled callbacks, loaded: `hooks` and `loop` by name, and the way into the guest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from emu import natives
from isa import objects

HOOKS: Final[Mapping[str, int]] = objects.functions(*natives.ENGINE)
"""Host addresses."""
enter: Final[Callable[[int], int]] = objects.python_function(HOOKS["enter"], "enter")
"""Run the vCPU loaded in an engine, given the address of its block, until a `Kind` is left for Python."""
