"""SPARC's native abilities."""

from __future__ import annotations

from isa.records import NativeAbilities
from isa.sparc.layout import calibrate
from isa.sparc.opening import CALLBACKS, prepare_v8, prepare_v9
from isa.sparc.state import State, regime_v8, regime_v9, wakes

SPARC = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks=CALLBACKS,
    wakes=wakes,
    regime=regime_v8,
    prepare=prepare_v8,
)
SPARC64 = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks=CALLBACKS,
    wakes=wakes,
    regime=regime_v9,
    prepare=prepare_v9,
)
