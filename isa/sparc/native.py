"""SPARC's native abilities."""

from __future__ import annotations

from isa.records import NativeAbilities
from isa.sparc.layout import calibrate
from isa.sparc.opening import CALLBACKS, prepare_v8, prepare_v9
from isa.sparc.state import State, regime_v8, wakes
from isa.sparc.state_v9 import StateV9, regime_v9

SPARC = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks=CALLBACKS,
    flow="isa.sparc.flow",
    wakes=wakes,
    regime=regime_v8,
    prepare=prepare_v8,
)
SPARC64 = NativeAbilities(
    calibrate=calibrate,
    view=StateV9,
    callbacks=CALLBACKS,
    flow="isa.sparc.flow",
    wakes=wakes,
    regime=regime_v9,
    prepare=prepare_v9,
)
