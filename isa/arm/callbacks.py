"""The A profile's compiled callbacks, by the names that `isa.records.NativeAbilities` gives them."""

from __future__ import annotations

from isa.arm.clock import read_affinity, read_cycles, read_timer, write_cycles, write_timer
from isa.arm.entry import begin, halts, length, let_through
from isa.arm.interrupts import observe, tell_lines
from isa.arm.translation import on_fill
from isa.arm.traps import advance, deliver, fault, on_exception, on_invalid

__all__ = [
    "advance",
    "begin",
    "deliver",
    "fault",
    "halts",
    "length",
    "let_through",
    "observe",
    "on_exception",
    "on_fill",
    "on_invalid",
    "read_affinity",
    "read_cycles",
    "read_timer",
    "tell_lines",
    "write_cycles",
    "write_timer",
]
