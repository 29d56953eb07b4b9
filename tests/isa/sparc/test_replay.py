"""A guest cut anywhere is the guest: in delay slots, in trap handlers, between a branch and its slot."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emu.config import MachineConfig
from emu.guest import load_guest
from emu.machine import Machine
from emu.recorder import Recorder

GUESTS = Path(__file__).resolve().parents[3] / "guests"
NAMES = ("traps", "mmio-forms", "timer-interrupt", "hypercall", "workload", "halt")
ALL = [f"{isa}/{name}" for isa in ("sparc", "sparc64") for name in NAMES if (GUESTS / isa / name).is_dir()]
LIMIT = 150_000
CUTS = 6

Boot = Callable[[str], Machine]


@pytest.fixture
def boot() -> Iterator[Boot]:
    made: list[Machine] = []

    def build(name: str) -> Machine:
        guest = load_guest(GUESTS / name)
        machine = Machine(MachineConfig(isa=guest.isa, board=guest.machine, channel=Recorder(guest.input)))
        made.append(machine)
        machine.load(guest.elf)
        return machine

    yield build
    for machine in made:
        machine.close()


def run_to(machine: Machine, retired: int) -> str:
    machine.run(max_insns=retired - machine.retired)
    assert machine.retired == retired
    return machine.state_hash()


@pytest.mark.parametrize("name", ALL)
def test_cuts_change_nothing_and_a_restored_state_goes_on_as_it_did(name: str, boot: Boot) -> None:
    chance = random.Random(name)
    straight = boot(name)
    straight.run(max_insns=LIMIT)
    last = straight.retired - 2  # before the power switch
    for _ in range(3):
        cuts = sorted(chance.sample(range(1, last), CUTS))
        cuts += [cuts[-1] + 1, cuts[-1] + 2]
        machine, other = boot(name), boot(name)
        hashes = [run_to(machine, cut) for cut in cuts[:2]]
        state = machine.save()
        hashes += [run_to(machine, cut) for cut in cuts[2:]]
        other.restore(state)
        assert [run_to(other, cut) for cut in cuts[2:]] == hashes[2:]
        fresh = boot(name)
        assert run_to(fresh, cuts[-1]) == hashes[-1]


@pytest.mark.parametrize("name", [each for each in ALL if "timer" not in each])
@pytest.mark.parametrize("step", [1, 7, 50])
def test_slices_are_the_whole(name: str, step: int, boot: Boot) -> None:
    whole, sliced = boot(name), boot(name)
    last = 3_000
    expected = run_to(whole, last)
    while sliced.retired < last:
        run_to(sliced, min(sliced.retired + step, last)) if step > 1 else sliced.run(max_insns=1)
    assert sliced.state_hash() == expected
