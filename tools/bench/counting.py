"""The numbers of `axemu stat`: what counting a guest costs it.

Two machines run the same guest in one process, one of them counted, by turns and in short slices: the same weather
for both. Linux is the guest of `linux.py`; without it there is no row of it.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from axemu.debian.cache import Cache, default_cache
from axemu.debian.guests import find
from bench.guests import UART_FLOOD
from bench.linux import BOOT, WORDS
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from emu.config import BUILT_IN, MachineConfig
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending

COST = 1.02


def counting_numbers(scratch: Path) -> tuple[Number, ...]:
    """`scratch` is where `linux_numbers` has left its RAM disk."""

    def row(name: str, text: str, task: str, *arguments: str) -> Number:
        return Number(name, text, "x", (Limit(COST),), (Task(AXEMU, task, arguments),), rounds=1)

    rows = [
        row(
            "stat-cost",
            "CPU time of a guest that writes 1 MiB to its UART, a million exits, counted as `axemu stat` does, "
            "by that of the same guest not counted",
            "counting:bundle",
            str(UART_FLOOD),
        )
    ]
    kernel = Cache(default_cache()).stored(find("linux-riscv64"))
    if kernel is not None and (scratch / BOOT).exists():
        rows.append(
            row(
                "stat-cost-linux",
                "the same of a boot of Debian's Linux",
                "counting:linux",
                str(kernel.paths["vmlinux"]),
                str(scratch / BOOT),
            )
        )
    return tuple(rows)


def bundle(guest: str) -> float:
    """Of the run of a guest folder; the median of some."""
    config = load_guest(Path(guest)).config()
    return statistics.median(_cost(config, 200_000, turn) for turn in range(10))


def linux(kernel: str, disk: str) -> float:
    """From power-on to power off; the median of some."""
    config = MachineConfig(ram=512 << 20, bios=BUILT_IN, kernel=Path(kernel), initrd=Path(disk), append=WORDS)
    return statistics.median(_cost(config, 10_000_000, turn) for turn in range(6))


def _cost(config: MachineConfig, step: int, turn: int) -> float:
    """CPU time of the counted run, by that of the other; slices of `step` instructions. Where a machine's memory lies
    makes some percent: in every other turn the counted one is made first."""
    with ExitStack() as stack:
        sides = [stack.enter_context(Machine(config)) for _ in range(2)]
        counted, alone = sides if turn % 2 else reversed(sides)
        from emu.statistics.meter import Meter  # noqa: PLC0415 - the parent process does not need it

        stack.enter_context(Meter(counted))
        taken = dict.fromkeys((alone, counted), 0.0)
        for machine in sides:
            machine.run(max_insns=1_000)  # what is done once is done
        going = True
        while going:
            sides.reverse()
            for machine in sides:
                begin = time.process_time()
                going = machine.run(max_insns=step).ending is Ending.BUDGET
                taken[machine] += time.process_time() - begin
        return taken[counted] / taken[alone]
