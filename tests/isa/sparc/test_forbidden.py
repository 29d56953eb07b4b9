"""No instruction ends the process, and none means something else in another block."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from axvcpu.exits import GuestException
from emu.config import MachineConfig
from emu.machine import Machine
from emu.recorder import Recorder

from .conftest import CODE

Build = Callable[..., Machine]
HERE = Path(__file__).resolve().parent
TABLE = 0x8000
GO_ON = {
    "sparc": bytes.fromhex("81c48000 81cca004 01000000 01000000"),
    "sparc64": bytes.fromhex("81f00000") + bytes(28),
}
"""A handler that goes on behind the instruction that trapped: jmp %l2; rett %l2 + 4, or done."""
INTEGER = [f"{letter}{n}" for letter in "goli" for n in range(8)][1:]
LAST = 1_000


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("sparc", "LEON3"),
        ("sparc", "TI-SuperSparc-II"),
        ("sparc64", "TI-UltraSparc-IIi"),
        ("sparc64", "Sun-UltraSparc-T1"),
    ],
)
def test_no_word_ends_the_process(name: str, model: str) -> None:
    command = [sys.executable, str(HERE / "every_word.py"), name, model]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.startswith("ok ")


WORDS = [
    ("sparc", 0xC880_5000, 0x09),  # lda [%g1] 0x80, %g4: V9's
    ("sparc", 0xC8A0_43E0, 0x09),  # sta in the space of block fill
    ("sparc", 0xC8B8_42E0, 0x09),  # stda in the space of block copy
    ("sparc64", 0x00C0_0004, 0x10),  # BPr without a condition
    ("sparc64", 0x8778_4002, 0x10),  # MOVr
    ("sparc64", 0x85A9_00A6, 0x10),  # FMOVsr
    ("sparc64", 0xC8E8_4440, 0x30),  # ldstuba of 16 bytes
]


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize(("name", "word", "cause"), WORDS)
def test_such_a_word_traps_where_it_is(build: Build, name: str, word: int, cause: int, before: int) -> None:
    """Also behind others in its block, which have run."""
    machine = build("nop\n" * before + f".word {word:#x}\n nop", name)
    for _ in range(2):
        exit = machine.run(timeout=20).exit
        assert isinstance(exit, GuestException)
        assert (exit.vector, exit.pc, machine.retired) == (cause, CODE + 4 * before, before)


def test_an_address_space_in_the_register_is_looked_at_each_time(build: Build) -> None:
    """ldstuba [%g1] %asi: right with one, not with another."""
    machine = build(".word 0xc8e86000\n nop", "sparc64")
    vcpu = machine.vcpus[0]
    vcpu.write_register("g1", 0x4000)
    vcpu.write_register("asi", 0x80)
    machine.run(max_insns=1)
    assert vcpu.read_register("pc") == CODE + 4
    vcpu.write_register("asi", 0xE2)
    vcpu.write_register("pc", CODE)
    exit = machine.run(timeout=20).exit
    assert isinstance(exit, GuestException)
    assert (exit.vector, exit.pc) == (0x30, CODE)


@pytest.mark.parametrize("model", ["Sun-UltraSparc-T1", "Sun-UltraSparc-T2"])
def test_no_return_from_a_trap_that_was_not(build: Build, model: str) -> None:
    machine = build(".word 0x81f00000\n nop", "sparc64", cpu=model)  # done
    machine.vcpus[0].write_register("tl", 0)
    machine.run(max_insns=100)
    assert machine.vcpus[0].read_register("tl") < 8


def random_machine(name: str, seed: int) -> Machine:
    """Random code, in which every trap goes on behind the instruction."""
    chance = random.Random(seed)
    machine = Machine(MachineConfig(isa=name, board="bare", channel=Recorder(b"")))
    code = bytearray()
    for _ in range(4096):
        kind = chance.random()
        if kind < 0.15:
            branch = chance.getrandbits(5) << 25 | 2 << 22 | chance.randrange(-30, 30) & 0x3F_FFFF
            word = branch
        elif kind < 0.2:
            word = 1 << 30 | chance.randrange(-200, 200) & 0x3FFF_FFFF
        else:
            word = (2 if kind < 0.75 else 3) << 30 | chance.getrandbits(30)
        code += word.to_bytes(4, "big")
    machine.memory.write(CODE, bytes(code))
    machine.memory.write(TABLE, GO_ON[name] * (256 if name == "sparc" else 1024))
    vcpu = machine.vcpus[0]
    vcpu.set_entry(CODE + 4 * chance.randrange(2048))
    if name == "sparc":
        registers = [("tbr", TABLE), ("psr", 0x10A0), ("wim", chance.choice((0, 2)))]
    else:
        registers = [
            ("tba", TABLE),
            ("tl", 0),
            ("pstate", 0x14),
            ("fprs", 4),
            ("cansave", 6),
            ("cleanwin", 7),
        ]
    places = (0x1000_0000, 0x1002_0000, 0x1003_0000, 0x4000, 8)
    for register in INTEGER:
        value = chance.choice((*places, CODE + chance.randrange(8192), chance.getrandbits(32)))
        registers.append((register, value))
    for register, value in registers:
        vcpu.write_register(register, value)
    return machine


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["sparc", "sparc64"])
def test_random_code_does_the_same_in_blocks_of_any_length(name: str, seed: int) -> None:
    with random_machine(name, seed) as whole:
        whole.run(max_insns=LAST)
        last = whole.retired - 2
    if last < 1:
        return
    hashes = set()
    for step in (LAST, 1, 5):
        with random_machine(name, seed) as machine:
            while machine.retired < last:
                before, wanted = machine.retired, min(step, last - machine.retired)
                machine.run(max_insns=wanted)
                assert machine.retired == before + wanted
            hashes.add(machine.state_hash())
    assert len(hashes) == 1


def test_carry_after_logic_is_taken_and_set(build: Build) -> None:
    """andcc leaves none; addxcc behind it sets its own codes."""
    machine = build("andcc %g1, %g1, %g2\n addxcc %g3, %g3, %g4\n nop\n nop")
    vcpu = machine.vcpus[0]
    vcpu.write_register("g3", 0x8000_0000)
    machine.run(max_insns=3)
    assert vcpu.read_register("psr") >> 20 & 15 == 0b0111  # zero, overflow, carry


def test_a_branch_in_the_slot_of_a_branch_goes_where_both_say(build: Build) -> None:
    """[V9 6.3.4.1]: one instruction at the first target, then on at the second."""
    text = "cmp %g0, 0\n be one\n ba two\n inc %g2\n nop\none: inc %g3\n inc %g4\ntwo: inc %g5\n nop\n nop"
    machine = build(text)
    machine.run(max_insns=5)
    read = machine.vcpus[0].read_register
    assert [read(f"g{n}") for n in (2, 3, 4, 5)] == [0, 1, 0, 1]
