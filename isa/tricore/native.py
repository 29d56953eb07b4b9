"""TriCore's native abilities."""

from __future__ import annotations

from isa.records import NativeAbilities
from isa.tricore.layout import calibrate
from isa.tricore.state import State, identify, regime, wakes

TRICORE = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks="isa.tricore.callbacks",
    flow="isa.tricore.flow",
    wakes=wakes,
    regime=regime,
    identify=identify,
)
