"""MIPS's native abilities, for all widths and byte orders."""

from __future__ import annotations

from isa.mips import tlb
from isa.mips.layout import calibrate
from isa.mips.state import identify, regime, view, wakes
from isa.records import NativeAbilities

MIPS_NATIVE = NativeAbilities(
    calibrate=calibrate,
    view=view,
    callbacks="isa.mips.callbacks",
    flow="isa.mips.flow",
    wakes=wakes,
    regime=regime,
    identify=identify,
    attached=("tlb", tlb.places),
)
