"""This thread as a physical CPU."""

from __future__ import annotations

from axvcpu.percpu import AxPerCpu, this
from emu.engine.cpu import EngineCpu


def physical_cpu() -> AxPerCpu[EngineCpu]:
    """The calling thread's physical CPU, initialised and enabled on the first call."""
    percpu = this.cpu.percpu
    if percpu is None:
        percpu = AxPerCpu(EngineCpu)
        percpu.init()
        percpu.hardware_enable()
    return percpu
