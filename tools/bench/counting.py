"""The numbers of `axemu stat`: what counting a guest costs it.

Linux is the guest of `linux.py`; without it there is no row of it.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from axemu.debian.cache import Cache, default_cache
from axemu.debian.guests import find
from bench.guests import UART_FLOOD
from bench.linux import BOOT, WORDS
from bench.measure import Task
from bench.numbers import AXEMU, Limit, Number
from bench.usage import user_time
from emu.config import BUILT_IN, MachineConfig
from emu.guest import load_guest
from emu.machine import Machine

ALONE = "not counted"
COST = 1.02


def counting_numbers(scratch: Path) -> tuple[Number, ...]:
    """`scratch` is where `linux_numbers` has left its RAM disk."""

    def row(name: str, text: str, task: str, *arguments: str) -> Number:
        return Number(
            name,
            text,
            "s",
            (Limit(COST, ALONE),),
            (Task(AXEMU, task, ("counted", *arguments)), Task(ALONE, task, ("alone", *arguments))),
        )

    rows = [
        row(
            "stat-cost",
            "a guest that writes 1 MiB to its UART, a million exits, counted as `axemu stat` does; user CPU of the run",
            "counting:bundle",
            str(UART_FLOOD),
        )
    ]
    kernel = Cache(default_cache()).stored(find("linux-riscv64"))
    if kernel is not None and (scratch / BOOT).exists():
        rows.append(
            row(
                "stat-cost-linux",
                "a boot of Debian's Linux, counted",
                "counting:linux",
                str(kernel.paths["vmlinux"]),
                str(scratch / BOOT),
            )
        )
    return tuple(rows)


def bundle(how: str, guest: str) -> float:
    """User CPU seconds of the run of a guest folder."""
    return _run(load_guest(Path(guest)).config(), count=how == "counted")


def linux(how: str, kernel: str, disk: str) -> float:
    """User CPU seconds from power-on to power off."""
    config = MachineConfig(ram=512 << 20, bios=BUILT_IN, kernel=Path(kernel), initrd=Path(disk), append=WORDS)
    return _run(config, count=how == "counted")


def _run(config: MachineConfig, *, count: bool) -> float:
    with Machine(config) as machine, ExitStack() as stack:
        if count:
            from emu.statistics.meter import Meter  # noqa: PLC0415 - only one side has it

            stack.enter_context(Meter(machine))
        machine.settle()
        begin = user_time()
        machine.run()
        return user_time() - begin
