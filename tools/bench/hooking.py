"""The number of `axemu run --hook`: what a user's hook that counts every instruction makes of a guest's speed."""

from __future__ import annotations

from pathlib import Path

from bench.guests import COMPUTE
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from bench.usage import user_time
from emu.config import MachineConfig
from emu.hook.instrumentation import Instrumentation
from emu.machine import Machine

PLAIN = "without hooks"
MOST = 20.0  # ns: 50 million instructions a second
WARM, COUNTED = 1_000, 100_000_000  # instructions before the clock runs, and after
HOOKS = Path(__file__).with_name("counting_hook.py")


def hook_numbers() -> tuple[Number, ...]:
    return (
        Number(
            "hook-count",
            "an instruction of a computing guest that a user's hook counts",
            "ns",
            (Limit(MOST),),
            (
                Task(AXEMU, "hooking:hooked", (str(COMPUTE), "1")),
                Task(PLAIN, "hooking:hooked", (str(COMPUTE), "0")),
            ),
        ),
    )


def hooked(guest: Path, hooks: int) -> float:
    """User CPU time for an instruction, in ns; `hooks` 1: with the hook, 0: without."""
    with Machine(MachineConfig(isa="riscv64", kernel=guest)) as machine:
        counted = Instrumentation(HOOKS)
        if hooks:
            counted.join(machine)
        machine.run(max_insns=WARM)
        begin = user_time()
        machine.run(max_insns=COUNTED)
        spent = user_time() - begin
        if hooks:
            assert counted.results()["instructions"].value == machine.retired
        return spent / COUNTED * 1e9
