"""m68k: a guest cut anywhere is the guest; stopped, saved, restored, replayed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emu.config import MachineConfig
from emu.guest import load_guest
from emu.machine import Machine
from emu.recorder import Recorder

GUESTS = Path(__file__).resolve().parents[3] / "guests"
NAMES = ("timer-interrupt", "traps", "mmio-forms", "halt", "hypercall", "workload")
ALL = [f"{isa}/{name}" for isa in ("m68k",) for name in NAMES]
LIMIT = 300_000
Boot = Callable[[str], Machine]


@pytest.fixture
def boot() -> Iterator[Boot]:
    made: list[Machine] = []

    def build(name: str) -> Machine:
        guest = load_guest(GUESTS / name)
        made.append(Machine(MachineConfig(isa=guest.isa, board=guest.machine, channel=Recorder(guest.input))))
        made[-1].load(guest.elf)
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def run_to(machine: Machine, retired: int) -> str:
    machine.run(max_insns=retired - machine.retired)
    assert machine.retired == retired
    return machine.state_hash()


def finish(machine: Machine) -> tuple[Any, ...]:
    outcome = machine.run(max_insns=LIMIT - machine.retired)
    return outcome.ending, outcome.code, outcome.pc, machine.retired, machine.state_hash()


@pytest.mark.parametrize("name", ALL)
def test_cuts_change_nothing_and_a_restored_state_goes_on_as_it_did(name: str, boot: Boot) -> None:
    chance = random.Random(name)
    straight = boot(name)
    end = finish(straight)
    cuts = sorted(chance.sample(range(1, straight.retired), 6))
    machine = boot(name)
    hashes = {cuts[0]: run_to(machine, cuts[0])}
    state = machine.save()
    hashes |= {cut: run_to(machine, cut) for cut in cuts[1:]}
    assert finish(machine) == end
    other = boot(name)
    other.restore(state)
    assert {cut: run_to(other, cut) for cut in cuts} == hashes
    assert finish(other) == end


@pytest.mark.parametrize("longest", [1, 7, 50, 5000])
@pytest.mark.parametrize("name", ALL)
def test_slices_of_any_length_give_the_straight_run(name: str, longest: int, boot: Boot) -> None:
    """Slices of up to `longest` instructions."""
    total = min(LIMIT, 1000 * longest)
    straight = boot(name)
    straight.run(max_insns=total)
    chance = random.Random(longest)
    machine = boot(name)
    ending = "BUDGET"
    while machine.retired < total and ending == "BUDGET":
        ending = machine.run(
            max_insns=min(total - machine.retired, chance.randrange(1, longest + 1))
        ).ending.name
    assert (machine.retired, machine.state_hash()) == (straight.retired, straight.state_hash())
