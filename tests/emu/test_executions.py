"""Every instruction that a guest executes is counted where it is, and no other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emu.debug.debugger import Debugger
from emu.debug.memory import GuestMemory
from emu.engine import counts, engine, internals
from emu.errors import NotCounted
from emu.executions import Executions, Layouts, executions
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending

GUESTS = Path(__file__).resolve().parents[2] / "guests"
NAMES = ("hello", "traps", "timer-interrupt", "workload")
FOLDERS = sorted(
    path.parent
    for path in GUESTS.glob("*/*/guest.toml")
    if path.parent.name.removeprefix("thumb-").removeprefix("cortex-m-").removeprefix("v4-") in NAMES
)
TRAPS = GUESTS / "riscv64" / "traps"


@contextmanager
def counting(folder: Path) -> Iterator[Machine]:
    """The guest's machine, from its start on."""
    with Machine(load_guest(folder).config()) as machine:
        machine.count_blocks()
        yield machine


def counted(machine: Machine) -> Executions:
    found = executions(machine.block_counts, Layouts(machine.isa, GuestMemory(machine).readable))
    assert (found.times > 0).all()
    return found


def as_dict(found: Executions) -> dict[int, int]:
    return dict(zip(found.addresses.tolist(), found.times.tolist(), strict=True))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_counts_add_up_to_the_retired_instructions(folder: Path) -> None:
    with counting(folder) as machine:
        machine.run(max_insns=150_000 if "timer" in folder.name else 10_000_000)
        found = counted(machine)
        assert found.total == machine.retired
        assert found.unplaced == 0


def test_there_are_guests_of_every_isa() -> None:
    assert len(FOLDERS) >= 70
    assert len({path.parent for path in FOLDERS}) == len([path for path in GUESTS.iterdir() if _is_isa(path)])


def _is_isa(path: Path) -> bool:
    return (path / "hello" / "guest.toml").is_file()


def test_each_instruction_is_counted_as_a_debugger_steps_over_it() -> None:
    folder = GUESTS / "riscv64" / "debuggee"
    stepped: Counter[int] = Counter()
    with Machine(load_guest(folder).config()) as machine, Debugger(machine) as debugger:
        while True:
            pc, before = debugger.pc, machine.retired
            stop = debugger.step()
            stepped[pc] += machine.retired - before
            if stop.outcome is not None and stop.outcome.ending is Ending.POWERED_OFF:
                break
    with counting(folder) as machine:
        machine.run()
        assert as_dict(counted(machine)) == +stepped


def test_a_run_in_slices_has_the_same_counts() -> None:
    chance = random.Random(5)
    with counting(TRAPS) as machine:
        machine.run(max_insns=10_000)
        whole = as_dict(counted(machine))
    with counting(TRAPS) as machine:
        while machine.retired < 10_000:
            machine.run(max_insns=min(chance.randrange(1, 60), 10_000 - machine.retired))
            if chance.random() < 0.1:
                machine.forget_code()
            if chance.random() < 0.03:
                assert counted(machine).total == machine.retired
        assert as_dict(counted(machine)) == whole


def test_breakpoints_change_no_count() -> None:
    with counting(TRAPS) as machine:
        machine.run(max_insns=20_000)
        whole = counted(machine)
    places = random.Random(3).sample(whole.addresses.tolist(), 12)
    with counting(TRAPS) as machine:
        machine.breakpoints = places
        while machine.retired < 20_000:
            machine.run(max_insns=20_000 - machine.retired)
        assert as_dict(counted(machine)) == as_dict(whole)


def test_a_restored_state_takes_nothing_back() -> None:
    with counting(TRAPS) as machine:
        machine.run(max_insns=7_001)
        state = machine.save()
        machine.run(max_insns=5_003)
        machine.restore(state)
        machine.run(max_insns=5_003)
        assert counted(machine).total == 7_001 + 2 * 5_003
        again = as_dict(counted(machine))
    with counting(TRAPS) as machine:
        machine.run(max_insns=7_001)
        first = Counter(as_dict(counted(machine)))
        machine.run(max_insns=5_003)
        second = Counter(as_dict(counted(machine))) - first
    assert again == first + second + second


def test_a_reset_takes_nothing_back() -> None:
    with counting(GUESTS / "riscv64" / "hello") as machine:
        for _ in range(3):
            machine.run(max_insns=203)
            machine.reset()
        machine.run()
        assert counted(machine).total == machine.retired


def test_counting_may_begin_in_the_middle_and_anew() -> None:
    with Machine(load_guest(TRAPS).config()) as machine:
        with pytest.raises(NotCounted, match="count_blocks"):
            _ = machine.block_counts
        machine.run(max_insns=5_000)
        for number in (3_000, 1_234):
            machine.count_blocks()
            machine.run(max_insns=number)
            assert counted(machine).total == number


def test_several_cpus_are_counted_together() -> None:
    with counting(GUESTS / "riscv64" / "smp") as machine:
        machine.run()
        assert counted(machine).total == machine.retired > 1_000_000


@pytest.mark.usefixtures("new_engines")
def test_a_full_table_of_what_blocks_do_not_say_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "SPANS", 12)
    with counting(TRAPS) as machine:
        machine.run()
        assert counted(machine).total == machine.retired


@pytest.mark.usefixtures("new_engines")
def test_blocks_without_a_place_of_their_own_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with counting(TRAPS) as machine:
        machine.run()
        usual = as_dict(counted(machine))
    engine._free.clear()
    monkeypatch.setattr(internals, "user_data", lambda *_: None)
    with counting(TRAPS) as machine:
        machine.run()
        assert as_dict(counted(machine)) == usual


@pytest.mark.usefixtures("new_engines")
def test_more_blocks_than_there_are_places_are_counted(
    monkeypatch: pytest.MonkeyPatch, assembled: Callable[..., Machine]
) -> None:
    monkeypatch.setattr(engine, "CELLS", 7)
    text = "\n".join(f"li a0, {number}\nbnez a0, 1f\nnop\n1:" for number in range(1, 40))
    machine = assembled(
        f"li s0, 50\n2:{text}\naddi s0, s0, -1\nbnez s0, 2b\nli t6, 0x10010000\nsw zero, 0(t6)"
    )
    machine.count_blocks()
    assert machine.run().ending is Ending.POWERED_OFF
    assert counted(machine).total == machine.retired


@pytest.fixture
def new_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """None that other tests use, before or after."""
    nobody: dict[tuple[str, str], list[Any]] = {}
    monkeypatch.setattr(engine, "_free", nobody)
