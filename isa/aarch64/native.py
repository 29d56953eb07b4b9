"""AArch64's native abilities."""

from __future__ import annotations

from unicorn.arm64_const import UC_ARM64_INS_MRS, UC_ARM64_INS_MSR

from isa.aarch64.layout import calibrate
from isa.aarch64.state import COUNTER_PERIOD, State, identify, regime, wakes
from isa.records import NativeAbilities

AARCH64 = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks="isa.aarch64.callbacks",
    flow="isa.aarch64.flow",
    wakes=wakes,
    regime=regime,
    identify=identify,
    instructions=((UC_ARM64_INS_MRS, "on_mrs"), (UC_ARM64_INS_MSR, "on_msr")),
    clocks=(("cntpct_el0", COUNTER_PERIOD, 0), ("cntvct_el0", COUNTER_PERIOD, 0)),
)
