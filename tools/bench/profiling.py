"""The numbers of `axemu profile` and `axemu cov`: what counting blocks, branches and calls costs a guest."""

from __future__ import annotations

from pathlib import Path

from bench.guests import COMPUTE
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from bench.usage import user_time
from emu.config import MachineConfig
from emu.machine import Machine

PLAIN = "not profiled"
WARM, MOST = 1_000, 300_000_000  # instructions before the clock runs, and at most


def profile_numbers() -> tuple[Number, ...]:
    return (
        Number(
            "profile-cost",
            "a computing guest whose blocks are counted",
            "s",
            (Limit(1.8, PLAIN),),
            (
                Task(AXEMU, "profiling:profiled", (str(COMPUTE), "1")),
                Task(PLAIN, "profiling:profiled", (str(COMPUTE), "0")),
            ),
        ),
        Number(
            "calls-cost",
            "a computing guest whose calls are followed",
            "s",
            (Limit(1.8, PLAIN),),
            (
                Task(AXEMU, "profiling:profiled", (str(COMPUTE), "3")),
                Task(PLAIN, "profiling:profiled", (str(COMPUTE), "0")),
            ),
        ),
        Number(
            "branches-cost",
            "a computing guest whose blocks and branches are counted",
            "s",
            (Limit(1.8, PLAIN),),
            (
                Task(AXEMU, "profiling:profiled", (str(COMPUTE), "2")),
                Task(PLAIN, "profiling:profiled", (str(COMPUTE), "0")),
            ),
        ),
    )


def profiled(guest: Path, count: int) -> float:
    """User CPU seconds. `count` 0: without, 1: with its blocks counted, 2: and its branches, 3: and its calls."""
    with Machine(MachineConfig(isa="riscv64", kernel=guest)) as machine:
        if count:
            machine.count_blocks(branches=count == 2, calls=count == 3)
        machine.run(max_insns=WARM)
        begin = user_time()
        machine.run(max_insns=MOST)
        return user_time() - begin
