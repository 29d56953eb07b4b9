"""A guest that programs nonsense into every device register, with other nonsense each time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from axvcpu.exits import AxVCpuExitReason, MmioRead, MmioWrite
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending, Outcome

GUESTS = Path(__file__).resolve().parents[2] / "guests"
NAMES = ("riscv64/nonsense", "riscv32/nonsense", "riscv64/nonsense-bare")
BUDGET = 50_000_000


def seeded(name: str, seed: int) -> Machine:
    guest = load_guest(GUESTS / name)
    machine = Machine(guest.config())
    address = machine.symbols.address("seed")
    assert address is not None
    machine.memory.write(address, random.Random(seed).randbytes(8))
    return machine


def ended_well(outcome: Outcome, machine: Machine) -> bool:
    return (outcome.ending, outcome.code) == (Ending.POWERED_OFF, 0) and b"accesses" in machine.console_output


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", NAMES)
def test_a_machine_survives_any_nonsense(name: str, seed: int) -> None:
    with seeded(name, seed) as machine:
        outcome = machine.run(max_insns=BUDGET)
        assert ended_well(outcome, machine), outcome


@pytest.mark.parametrize("name", NAMES)
def test_no_window_of_the_machine_is_spared(name: str) -> None:
    with seeded(name, 100) as machine:
        touched: set[tuple[type, int]] = set()

        def note(exit: AxVCpuExitReason) -> bool:
            if isinstance(exit, (MmioRead, MmioWrite)):
                touched.add((type(exit), exit.window))
            return False

        machine.run(max_insns=BUDGET, until=note)
        windows = range(len(machine.devices))
        assert {(kind, window) for kind in (MmioRead, MmioWrite) for window in windows} <= touched


@pytest.mark.parametrize("name", NAMES)
def test_nonsense_goes_on_from_a_saved_state_as_it_went(name: str) -> None:
    cuts = random.Random(5)
    with seeded(name, 200) as straight, seeded(name, 200) as cut, seeded(name, 300) as other:
        straight.run(max_insns=BUDGET)
        outcome = cut.run(max_insns=cuts.randrange(1, 300_000))
        while outcome.ending is Ending.BUDGET:
            state = cut.save()
            other.run(max_insns=cuts.randrange(1, 100_000))
            other.restore(state)
            assert other.state_hash() == cut.state_hash()
            cut.run(max_insns=cuts.randrange(1, 100_000))
            cut.restore(state)
            outcome = cut.run(max_insns=cuts.randrange(1, 1_000_000))
        assert outcome.ending is Ending.POWERED_OFF
        assert cut.state_hash() == straight.state_hash()
