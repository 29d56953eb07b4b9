"""Several harts under Debian's OpenSBI: started, stopped and started again by HSM, with IPIs and the timer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emu.guest import load_guest
from emu.machine import Machine
from emu.recorder import Recorder

GUEST = Path(__file__).resolve().parents[2] / "guests" / "riscv64" / "smp-sbi"


def run(firmware: Path, harts: int) -> tuple[int, bytes, str]:
    guest = load_guest(GUEST)
    console = Recorder()
    config = replace(guest.config(), smp=harts, bios=str(firmware), channel=console)
    with Machine(config) as machine:
        outcome = machine.run(max_insns=guest.expect.max_instructions)
        assert guest.expect.differences(outcome, bytes(console.output)) == ()
        return machine.retired, bytes(console.output), machine.state_hash()


@pytest.mark.debian
@pytest.mark.parametrize("harts", [2, 4, 8])
def test_all_harts_come_up_work_together_and_stop(opensbi: dict[str, Path], harts: int) -> None:
    run(opensbi["fw_jump.bin"], harts)


@pytest.mark.debian
def test_two_runs_of_four_harts_are_the_same_to_the_last_bit(opensbi: dict[str, Path]) -> None:
    assert run(opensbi["fw_jump.bin"], 4) == run(opensbi["fw_jump.bin"], 4)
