"""A guest cut anywhere is the guest: stopped, saved, restored and replayed at random instruction numbers."""

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

GUESTS = Path(__file__).resolve().parents[2] / "guests"
NAMES = (
    "timer-interrupt",
    "external-interrupt",
    "traps",
    "paging",
    "smp",
    "mmio-forms",
    "halt-and-wake",
    "self-modifying",
)
ALL = [f"{isa}/{name}" for isa in ("riscv64", "riscv32") for name in NAMES]
LIMIT = 3_000_000
CUTS = 5
ROUNDS = 3

Boot = Callable[[str], Machine]


@pytest.fixture
def boot() -> Iterator[Boot]:
    """A machine with this guest loaded."""
    made: list[Machine] = []

    def build(name: str) -> Machine:
        guest = load_guest(GUESTS / name)
        config = MachineConfig(
            isa=guest.isa, board=guest.machine, smp=guest.smp, channel=Recorder(guest.input)
        )
        made.append(Machine(config))
        made[-1].load(guest.elf)
        return made[-1]

    yield build
    for machine in made:
        machine.close()


def run_to(machine: Machine, retired: int) -> str:
    """Run on to this instruction; the state's hash there."""
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
    output = bytes(straight.channel.output)  # type: ignore[attr-defined]
    total = straight.retired
    for _ in range(ROUNDS):
        cuts = sorted(chance.sample(range(1, total), CUTS))
        machine = boot(name)
        hashes = {cuts[0]: run_to(machine, cuts[0])}
        state = machine.save()
        written = bytes(machine.channel.output)  # type: ignore[attr-defined]
        hashes |= {cut: run_to(machine, cut) for cut in cuts[1:]}
        assert finish(machine) == end
        machine.restore(state)
        machine.channel.output[:] = written  # type: ignore[attr-defined]
        assert {cut: run_to(machine, cut) for cut in cuts} == hashes
        assert finish(machine) == end
        assert bytes(machine.channel.output) == output  # type: ignore[attr-defined]
        other = boot(name)
        other.restore(state)
        assert {cut: run_to(other, cut) for cut in cuts} == hashes
        assert finish(other) == end


@pytest.mark.parametrize("name", ["riscv64/timer-interrupt", "riscv32/paging", "riscv64/smp"])
def test_states_may_be_restored_in_any_order(name: str, boot: Boot) -> None:
    chance = random.Random(7)
    machine = boot(name)
    states = {}
    state = None
    for _ in range(6):
        at = machine.retired + chance.randrange(1, 9000)
        expected = run_to(machine, at)
        state = machine.save(state)
        states[at] = (state, expected)
    order = list(states) * 2
    chance.shuffle(order)
    for at in order:
        machine.restore(states[at][0])
        assert machine.retired == at
        assert machine.state_hash() == states[at][1]
        later = at + chance.randrange(1, 5000)
        hash_there = run_to(machine, later)
        machine.restore(states[at][0])
        assert run_to(machine, later) == hash_there


@pytest.mark.parametrize("name", ["riscv64/smp", "riscv32/timer-interrupt", "riscv64/halt-and-wake"])
def test_slices_of_any_length_give_the_straight_run(name: str, boot: Boot) -> None:
    end = finish(boot(name))
    chance = random.Random(11)
    machine = boot(name)
    while machine.run(max_insns=chance.randrange(1, 40_000)).ending.name == "BUDGET":
        assert machine.retired < LIMIT
    assert (machine.retired, machine.state_hash()) == end[3:]
