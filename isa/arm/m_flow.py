"""The M profile, native: how code calls and returns, for those who follow calls."""

from __future__ import annotations

from numba import cfunc, types

from isa.arm.flow import flow, stack
from isa.native import Word

__all__ = ["flow", "space", "stack"]


@cfunc(types.uint64(types.intp))
def space(address: Word) -> Word:
    """All code shares one."""
    return 0
