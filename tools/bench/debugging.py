"""The numbers of the debugger: what points that are never hit cost a guest."""

from __future__ import annotations

from pathlib import Path

from bench.guests import COMPUTE
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from bench.usage import user_time
from emu.config import MachineConfig
from emu.debug.debugger import Debugger
from emu.machine import Machine

ALONE = "undebugged"
WARM, MOST = 1_000, 200_000_000  # instructions before the clock runs, and at most
BEYOND = 0x8020_0000  # an address that the guest does not come to


def debugger_numbers() -> tuple[Number, ...]:
    return (
        Number(
            "debug-breakpoints",
            "a computing guest with 100 breakpoints that are never hit, its exits recorded",
            "s",
            (Limit(1.25, ALONE),),
            (
                Task(AXEMU, "debugging:debugged", (str(COMPUTE), "100")),
                Task(ALONE, "debugging:alone", (str(COMPUTE), "0")),
            ),
        ),
    )


def debugged(guest: Path, points: int) -> float:
    """User CPU seconds under a debugger with so many breakpoints."""
    with Machine(MachineConfig(isa="riscv64", kernel=guest)) as machine, Debugger(machine) as debugger:
        for number in range(points):
            debugger.break_at(BEYOND + 64 * number)
        debugger.go(WARM)
        begin = user_time()
        debugger.go(MOST)
        return user_time() - begin


def alone(guest: Path, _points: int) -> float:
    """User CPU seconds without."""
    with Machine(MachineConfig(isa="riscv64", kernel=guest)) as machine:
        machine.run(max_insns=WARM)
        begin = user_time()
        machine.run(max_insns=MOST)
        return user_time() - begin
