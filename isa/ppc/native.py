"""PowerPC's native abilities, for both widths."""

from __future__ import annotations

from isa.ppc.layout import calibrate
from isa.ppc.state import TICK, State, identify, regime, wakes
from isa.records import NativeAbilities

PPC = PPC64 = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks="isa.ppc.callbacks",
    flow="isa.ppc.flow",
    wakes=wakes,
    regime=regime,
    identify=identify,
    clocks=(("tbl", TICK, 0), ("tbu", TICK, 32)),
)
