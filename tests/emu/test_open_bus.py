"""What an access that nothing backs does, by the machine's policy."""

from __future__ import annotations

import pytest

from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder
from isa import find
from isa.assembly import assemble

PROGRAM = """
    li t0, 0x40000000
    lw a1, 0(t0)
    ld a2, 8(t0)
    sw a1, 0(t0)
    lb a3, 0x7f(zero)
    li t1, 0x100000
    li t2, 0x5555
    sw t2, 0(t1)
"""


def run(tmp_path, policy):
    path = tmp_path / "program.bin"
    path.write_bytes(assemble(find("riscv64"), PROGRAM, 0x8000_0000))
    with Machine(MachineConfig(board="virt", unmapped=policy, channel=Recorder())) as machine:
        machine.load(path, base=0x8000_0000)
        outcome = machine.run(max_insns=1000)
        return outcome, [machine.vcpus[0].read_register(name) for name in ("a1", "a2", "a3")]


def test_ones_lets_the_guest_read_ones_and_write_into_the_void(tmp_path):
    outcome, seen = run(tmp_path, "ones")
    assert outcome.ending is Ending.POWERED_OFF
    assert seen == [(1 << 64) - 1] * 3


def test_fault_is_the_guests_own_and_here_nobody_takes_it(tmp_path):
    outcome, _ = run(tmp_path, "fault")
    assert outcome.ending is Ending.CRASHED
    assert "load access fault" in outcome.text and "0x40000000" in outcome.text


def test_stop_ends_the_run_and_names_the_address(tmp_path):
    outcome, _ = run(tmp_path, "stop")
    assert outcome.ending is Ending.CRASHED
    assert "read of address 0x40000000" in outcome.text


@pytest.mark.parametrize("policy", ["fault", "ones"])
def test_a_jump_into_the_void_is_a_fault_under_every_policy_that_goes_on(tmp_path, policy):
    path = tmp_path / "jump.bin"
    path.write_bytes(assemble(find("riscv64"), "li t0, 0x40000000\njr t0", 0x8000_0000))
    with Machine(MachineConfig(board="virt", unmapped=policy, channel=Recorder())) as machine:
        machine.load(path, base=0x8000_0000)
        outcome = machine.run(max_insns=1000)
    assert outcome.ending is Ending.CRASHED and "instruction access fault" in outcome.text
    assert outcome.pc == 0x4000_0000
