"""z/Architecture's native abilities."""

from __future__ import annotations

from isa.records import NativeAbilities
from isa.s390x.layout import calibrate
from isa.s390x.state import State, regime, wakes

S390X = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks="isa.s390x.callbacks",
    flow="isa.s390x.flow",
    wakes=wakes,
    regime=regime,
    irrevocable=255,  # xc, mvc, lmg
)
