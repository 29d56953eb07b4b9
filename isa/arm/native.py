"""Arm's native abilities, of the A profile."""

from __future__ import annotations

from isa.arm.layout import Slot, calibrate
from isa.arm.state import State, identify, regime, wakes
from isa.records import NativeAbilities

TICK = 16  # ns of the generic timer: 62.5 MHz

ARM = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks="isa.arm.callbacks",
    wakes=wakes,
    regime=regime,
    identify=identify,
    extent=lambda layout: layout[Slot.END],
    clocks=(("cntpct", TICK, 0), ("cntvct", TICK, 0)),
)
