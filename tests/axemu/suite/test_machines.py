"""A machine that is reset for the next case is, for the guest, a new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from axemu.suite.case import Case
from axemu.suite.machines import Machines
from axemu.suite.manifest import collect
from axemu.suite.orders import Terms
from axemu.suite.trial import run_trial

GUESTS = Path(__file__).resolve().parents[3] / "guests"
LONG = ("compute", "uart-flood", "spin", "nonsense-bare", "smp", "smp-sbi")


def cases(isa: str) -> list[Case]:
    found = collect([GUESTS / isa], None, GUESTS)
    return [case for case in found if case.guest.name not in LONG]


@pytest.mark.parametrize("isa", ["riscv64", "x86_64"])
def test_a_reused_machine_does_what_a_new_one_does(isa: str) -> None:
    shared, terms = Machines(), Terms(hash=True)
    for case in cases(isa):
        first, second = run_trial(case, terms, shared), run_trial(case, terms, shared)
        alone = Machines()
        fresh = run_trial(case, terms, alone)
        alone.close()
        for trial in (first, second):
            assert trial.console == fresh.console, case.name
            assert trial.instructions == fresh.instructions, case.name
            assert trial.hash == fresh.hash, case.name
            assert dict(trial.exits) == dict(fresh.exits), case.name
    shared.close()


def test_cases_of_one_kind_share_a_machine_and_a_disk_does_not() -> None:
    machines = Machines()
    (hello,) = collect([GUESTS / "riscv64" / "hello"], None, GUESTS)
    (exit_code,) = collect([GUESTS / "riscv64" / "exit-code"], None, GUESTS)
    (disk,) = collect([GUESTS / "riscv64" / "disk-read"], None, GUESTS)
    with machines.lent(hello, 0) as (first, _, _):
        pass
    with machines.lent(exit_code, 0) as (second, _, _):
        assert second is first
    with machines.lent(disk, 0) as (third, _, _):
        assert third is not first
    with machines.lent(disk, 0) as (fourth, _, _):
        assert fourth is not third
    machines.close()


def test_after_an_exception_a_machine_is_not_used_again() -> None:
    machines = Machines()
    (hello,) = collect([GUESTS / "riscv64" / "hello"], None, GUESTS)
    with pytest.raises(RuntimeError), machines.lent(hello, 0) as (first, _, _):
        raise RuntimeError
    with machines.lent(hello, 0) as (second, _, _):
        assert second is not first
    machines.close()
