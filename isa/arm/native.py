"""Arm's native abilities, of both profiles."""

from __future__ import annotations

from isa.arm import m_state
from isa.arm.layout import Slot, calibrate
from isa.arm.m_layout import calibrate_m
from isa.arm.state import State, identify, regime, wakes
from isa.records import NativeAbilities

TICK = 16  # ns of the generic timer: 62.5 MHz

ARM = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks="isa.arm.callbacks",
    flow="isa.arm.flow",
    wakes=wakes,
    regime=regime,
    identify=identify,
    extent=lambda layout: layout[Slot.END],
    clocks=(("cntpct", TICK, 0), ("cntvct", TICK, 0)),
)

M_PROFILE = NativeAbilities(
    calibrate=calibrate_m,
    view=m_state.State,
    callbacks="isa.arm.m_callbacks",
    flow="isa.arm.m_flow",
    wakes=m_state.wakes,
    regime=m_state.regime,
    identify=m_state.identify,
    extent=lambda layout: layout[Slot.END],
)
