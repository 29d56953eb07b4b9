"""m68k's native abilities."""

from __future__ import annotations

from isa.m68k.layout import calibrate
from isa.m68k.state import State, identify, regime, wakes
from isa.records import NativeAbilities

M68K = NativeAbilities(
    calibrate=calibrate,  # what it needs beyond any probe is the model's name
    view=State,
    callbacks="isa.m68k.callbacks",
    flow="isa.m68k.flow",
    wakes=wakes,
    regime=regime,
    identify=identify,
)
