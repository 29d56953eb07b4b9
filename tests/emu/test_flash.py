"""Flash on machine virt: executed and read in place, written by commands, put back when its contents show again."""

from __future__ import annotations

import pytest

from emu.config import Drive, MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder
from isa import find
from isa.assembly import assemble

FLASH, RAM_CODE = 0x2000_0000, 0x8000_1000

# Copies a routine to RAM, where it reads a word of flash, programs it, reads the status, and reads the word again.
PROGRAM = f"""
    la t1, routine
    la t2, end
    li t3, {RAM_CODE:#x}
copy:
    lw a0, 0(t1)
    sw a0, 0(t3)
    addi t1, t1, 4
    addi t3, t3, 4
    blt t1, t2, copy
    fence.i
    li t3, {RAM_CODE:#x}
    jr t3
routine:
    li s0, {FLASH + 0x10000:#x}
    lw a1, 0(s0)
    li a0, 0x00400040
    sw a0, 0(s0)
    li a0, 0x41424344
    sw a0, 0(s0)
    lw a2, 0(s0)
    li a0, 0x00ff00ff
    sw a0, 0(s0)
    lw a3, 0(s0)
    lb a4, 1(s0)
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
end:
    nop
"""


@pytest.fixture
def image(tmp_path):
    code = assemble(find("riscv64"), PROGRAM, FLASH)
    path = tmp_path / "flash.bin"
    path.write_bytes(code + b"\xff" * (0x20000 - len(code)))
    return path


def test_firmware_runs_in_place_and_programs_the_flash_it_came_from(image):
    config = MachineConfig(board="virt", drives=(Drive("pflash", 0, image),), channel=Recorder())
    with Machine(config) as machine:
        outcome = machine.run(max_insns=10_000)
        cpu = machine.vcpus[0]
        seen = [cpu.read_register(name) for name in ("a1", "a2", "a3", "a4")]
    assert outcome.ending is Ending.POWERED_OFF
    assert seen == [(1 << 64) - 1, 0x0080_0080, 0x41424344, 0x43]


def test_code_in_flash_costs_no_exits(image):
    config = MachineConfig(board="virt", drives=(Drive("pflash", 0, image),), channel=Recorder())
    with Machine(config) as machine:
        machine.run(max_insns=10_000)
        exits = machine.exits
    assert exits["MmioRead"] <= 2 and exits["MmioWrite"] == 4  # three commands, and the power switch


def test_the_drive_s_file_is_not_written(image):
    before = image.read_bytes()
    config = MachineConfig(board="virt", drives=(Drive("pflash", 0, image),), channel=Recorder())
    with Machine(config) as machine:
        machine.run(max_insns=10_000)
    assert image.read_bytes() == before


def test_a_state_saved_in_the_middle_of_a_command_goes_on_as_the_run_did(image):
    config = MachineConfig(board="virt", drives=(Drive("pflash", 0, image),), channel=Recorder())
    with Machine(config) as machine:
        machine.run(until=lambda exit: type(exit).__name__ == "MmioWrite")
        machine.answer(machine.run(until=lambda exit: type(exit).__name__ == "MmioWrite").exit)
        machine.run(max_insns=1)
        state, code = machine.save(), machine.state_hash()
        machine.run(max_insns=10_000)
        end = machine.state_hash()
        machine.restore(state)
        assert machine.state_hash() == code
        machine.run(max_insns=10_000)
        assert machine.state_hash() == end
