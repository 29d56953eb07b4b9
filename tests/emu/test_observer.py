"""What an observer is told does not depend on where a run is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emu.guest import load_guest
from emu.machine import Machine
from emu.observer import Wish
from isa import registry
from isa.records import LOG_INTERRUPT

GUESTS = Path(__file__).resolve().parents[2] / "guests"
MOST = 150_000  # instructions; the first interrupt comes after some 100,000
AROUND = 8


class Interrupts:
    """(instructions retired, pc, cause) of each interrupt taken."""

    def __init__(self, machine: Machine) -> None:
        self.taken: list[tuple[int, int, int]] = []
        machine.observe(self, Wish(traps=True))

    def rows(self, vcpu: Any, rows: Any) -> None:
        found = rows[rows["kind"] == LOG_INTERRUPT]
        self.taken += zip(
            found["retired"].tolist(), found["pc"].tolist(), found["cause"].tolist(), strict=True
        )

    def inside(self, vcpu: Any, exit: Any, value: int) -> None:
        """Not of interest."""


@pytest.mark.parametrize("isa", sorted(registry.names()))
def test_an_interrupt_is_told_once_wherever_the_run_is_cut(isa: str) -> None:
    config = load_guest(GUESTS / isa / "timer-interrupt").config()
    with Machine(config) as machine:
        whole = Interrupts(machine)
        machine.run(MOST)
    at = whole.taken[0][0]
    with Machine(config) as machine:
        cut = Interrupts(machine)
        machine.run(at - AROUND)
        while machine.retired < at + AROUND:
            machine.run(1)
        machine.run(MOST - machine.retired)
    assert cut.taken == whole.taken
