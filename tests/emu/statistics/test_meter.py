"""What is counted is what happened: the statistics of a run and the exit table of the same run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from axvcpu.exits import AxVCpuExitReason
from emu.config import MachineConfig
from emu.debug.exits import Event, ExitLog, Recorder, exit_count
from emu.guest import load_guest
from emu.machine import Machine
from emu.observer import Wish
from emu.statistics.meter import Meter
from emu.statistics.records import OTHERS
from emu.statistics.summary import MANY, ExitKey, Spread, Summary, TrapKey, summary
from isa import registry

GUESTS = Path(__file__).resolve().parents[3] / "guests"
MOST = 200_000  # instructions
Key = tuple[Event, int, int]


class Log:
    """An observer that keeps every row."""

    def __init__(self, machine: Machine) -> None:
        self.log = ExitLog()
        self._machine, self._recorder = machine, Recorder(machine, self.log)
        self.rows, self.inside = self._recorder.rows, self._recorder.inside
        machine.observe(self, Wish(traps=True, answered=True))

    def run(self, most: int | None) -> None:
        def note(exit: AxVCpuExitReason) -> bool:
            self._recorder.exit(self._machine.schedule.current, exit)
            return False

        self._machine.run(most, until=note)

    def __iter__(self) -> Iterator[Any]:
        return (self.log[index] for index in range(len(self.log)))


def expected(log: Log) -> dict[Key, Spread]:
    """By key, the instructions between rows, of a machine with one vCPU."""
    found: dict[Key, Spread] = {}
    last = {True: 0, False: 0}
    for row in log:
        is_exit = row.kind <= Event.CRASH
        gap, last[is_exit] = row.instruction - last[is_exit], row.instruction
        spread = Spread(1, gap, gap, gap)
        spread.histogram[gap.bit_length()] = 1
        key = row.kind, row.address, row.pc if is_exit else 0
        found.setdefault(key, Spread()).add(spread)
    return found


def counted(meter: Meter) -> dict[Key, Spread]:
    return {
        (Event(int(each["kind"])), int(each["address"]), int(each["pc"])): Spread(
            int(each["count"]),
            int(each["sum"]),
            int(each["least"]),
            int(each["most"]),
            each["between"].tolist(),
        )
        for each in meter.entries
    }


def measured(config: MachineConfig, most: int | None = None) -> tuple[Summary, dict[Key, Spread], int]:
    """The statistics of a run: with names, by key, and how many exits the machine itself has counted."""
    with Machine(config) as machine, Meter(machine) as meter:
        machine.run(most)
        meter.settle()
        return summary(meter, machine.symbols), counted(meter), exit_count(machine)


@pytest.mark.parametrize("guest", ["timer-interrupt", "traps"])
@pytest.mark.parametrize("isa", sorted(registry.names()))
def test_the_totals_are_those_of_the_exit_table_and_of_the_machine(isa: str, guest: str) -> None:
    config = load_guest(GUESTS / isa / guest).config()
    with Machine(config) as machine:
        log = Log(machine)
        log.run(MOST)
        traps = machine.exits.get("traps", 0)
    found, by_key, exits = measured(config, MOST)
    assert by_key == expected(log)
    assert found.exit_count == exits == sum(row.kind <= Event.CRASH for row in log)
    counted_traps = sum(each.count for key, each in found.traps.items() if key.kind == "trap")
    assert counted_traps == traps
    if guest == "timer-interrupt":
        interrupts = [each for key, each in found.traps.items() if key.kind == "interrupt"]
        assert sum(each.latency.count for each in interrupts) == sum(each.count for each in interrupts) > 0


def test_exits_have_the_names_of_device_register_and_symbol() -> None:
    found, _, _ = measured(load_guest(GUESTS / "riscv64" / "hello").config())
    off = found.exits[ExitKey("mmio-write", "power", "OFF", "exit")]
    assert (off.count, off.host.count) == (1, 1)
    assert 0 < off.host.least == off.host.most == off.host.sum
    written = found.exits[ExitKey("mmio-write", "uart", "DATA", "print")]
    assert written.count == len("hello from riscv64 on bare\n")
    assert written.host.count == 0  # native code answered them


def test_calls_of_the_guest_are_counted_by_name() -> None:
    found, _, _ = measured(load_guest(GUESTS / "riscv64" / "sbi").config())
    names = {key.register for key in found.exits if key.reason == "hypercall"}
    assert any(name.startswith("BASE ") for name in names)


def test_several_vcpus_are_counted_each_by_its_own_instructions() -> None:
    config = load_guest(GUESTS / "riscv64" / "smp").config()
    with Machine(config) as machine:
        log = Log(machine)
        log.run(None)
        rows = Counter((row.kind, row.address, row.pc) for row in log if row.kind <= Event.CRASH)
        retired = [vcpu.arch.retired for vcpu in machine.vcpus]
    found, by_key, exits = measured(config)
    assert len(retired) > 1
    assert {key: each.count for key, each in by_key.items() if key[0] <= Event.CRASH} == rows
    assert found.exit_count == exits
    assert sum(each.between.sum for each in found.exits.values()) <= sum(retired)


def test_a_reset_begins_the_counts_of_instructions_anew() -> None:
    found, _, exits = measured(load_guest(GUESTS / "riscv64" / "reboot").config())
    assert found.exit_count == exits
    assert all(each.between.most <= found.instructions for each in found.exits.values())


def test_what_is_too_much_to_be_told_apart_is_still_counted() -> None:
    config = load_guest(GUESTS / "riscv64" / "traps").config()
    with Machine(config) as machine, Meter(machine, most=3) as meter:
        machine.run()
        meter.settle()
        entries = meter.entries
        found = summary(meter, machine.symbols)
        assert found.exit_count == exit_count(machine)
    assert len(entries) > 3
    assert all(int(each["pc"]) == OTHERS for each in entries[3:])
    assert MANY in {key.symbol for key in found.exits}
    assert TrapKey("trap", MANY) in found.traps


def test_counting_changes_nothing_of_the_run() -> None:
    config = load_guest(GUESTS / "riscv64" / "timer-interrupt").config()
    hashes = []
    for count in (False, True):
        with Machine(config) as machine:
            if count:
                Meter(machine)
            machine.run(MOST)
            hashes.append(machine.state_hash())
    assert hashes[0] == hashes[1]


def test_after_the_end_nobody_counts_any_more() -> None:
    with Machine(load_guest(GUESTS / "riscv64" / "timer-interrupt").config()) as machine:
        with Meter(machine) as meter:
            machine.run(10_000)
        before = meter.entries["count"].sum()
        machine.run(10_000)
        assert before == meter.entries["count"].sum() > 0
