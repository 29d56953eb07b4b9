"""RISC-V's native abilities, for both widths."""

from __future__ import annotations

from axvcpu.control import CYCLE_STOPPED, INSTRET_STOPPED
from isa.records import NativeAbilities
from isa.riscv.layout import calibrate
from isa.riscv.state import TIME_PERIOD, State, identify, regime, wakes

MACHINE_LEVEL = 3  # [priv 1.2]

RISCV64 = RISCV32 = NativeAbilities(
    calibrate=calibrate,
    view=State,
    callbacks="isa.riscv.callbacks",
    flow="isa.riscv.flow",
    wakes=wakes,
    regime=regime,
    identify=identify,
    outside=("fflags",),
    reveal=(("priv", MACHINE_LEVEL), ("mstatus", 0x6000)),
    counted=tuple(
        (name + high, shift, offset, stopped)
        for name, offset, stopped in (
            ("cycle", "cycle_offset", CYCLE_STOPPED),
            ("instret", "instret_offset", INSTRET_STOPPED),
            ("mcycle", "cycle_offset", CYCLE_STOPPED),
            ("minstret", "instret_offset", INSTRET_STOPPED),
        )
        for high, shift in (("", 0), ("h", 32))
    ),
    clocks=(("time", TIME_PERIOD, 0), ("timeh", TIME_PERIOD, 32)),
)
