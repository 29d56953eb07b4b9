"""The M profile's compiled callbacks, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

from isa.arm.entry import let_through
from isa.arm.m_scs import own_register
from isa.arm.m_traps import (
    advance,
    begin,
    deliver,
    fault,
    halts,
    length,
    on_exception,
    on_fill,
    on_invalid,
    takes,
    tell_lines,
)

__all__ = [
    "advance",
    "begin",
    "deliver",
    "fault",
    "halts",
    "length",
    "let_through",
    "on_exception",
    "on_fill",
    "on_invalid",
    "own_register",
    "takes",
    "tell_lines",
]
