"""Semihosting through a machine: the guest's call, the console, the exit, input that is not there yet."""

from __future__ import annotations

from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder
from isa import find
from isa.assembly import assemble

CALL = """
    .balign 16
    slli x0, x0, 31
    ebreak
    srai x0, x0, 7
"""


def program(text):
    return assemble(find("riscv64"), ".option norvc\n" + text, 0x8000_0000)


def machine_with(tmp_path, text, recorder, semihosting=True):
    path = tmp_path / "program.bin"
    path.write_bytes(program(text))
    machine = Machine(MachineConfig(board="bare", semihosting=semihosting, channel=recorder))
    machine.load(path, base=0x8000_0000)
    return machine


def test_write0_reaches_the_console_and_exit_ends_the_run(tmp_path):
    text = f"""
    li a0, 4
    la a1, words
    {CALL}
    li a0, 0x18
    la a1, reason
    {CALL}
    .balign 8
reason:
    .dword 0x20026, 0
words:
    .ascii "hi there"
    .byte 10, 0
"""
    recorder = Recorder()
    with machine_with(tmp_path, text, recorder) as machine:
        outcome = machine.run(max_insns=1000)
    assert bytes(recorder.output) == b"hi there\n"
    assert (outcome.ending, outcome.code) == (Ending.POWERED_OFF, 0)


def test_readc_takes_the_input_and_says_when_it_is_over(tmp_path):
    text = f"""
    li a0, 7
    li a1, 0
    {CALL}
    mv s0, a0
    li a0, 7
    {CALL}
    mv s1, a0
stay:
    j stay
"""
    with machine_with(tmp_path, text, Recorder(b"x")) as machine:
        machine.run(max_insns=100)
        cpu = machine.vcpus[0]
        assert cpu.read_register("s0") == ord("x")
        assert cpu.read_register("s1") == (1 << 64) - 1


def test_without_semihosting_the_call_is_a_breakpoint(tmp_path):
    with machine_with(tmp_path, f"li a0, 4\n{CALL}", Recorder(), semihosting=False) as machine:
        outcome = machine.run(max_insns=100)
    assert outcome.ending is Ending.CRASHED and "breakpoint" in outcome.text


def test_a_call_counts_as_one_instruction(tmp_path):
    with machine_with(tmp_path, f"li a0, 0x30\nli a1, 0\n{CALL}\nstay: j stay", Recorder()) as machine:
        counts = []
        for _ in range(12):
            machine.run(max_insns=1)
            counts.append(machine.retired)
    assert counts == list(range(1, 13))
