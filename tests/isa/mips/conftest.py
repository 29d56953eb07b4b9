"""MIPS machines that run a few lines of assembly in kseg0."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import isa
from emu.config import MachineConfig
from emu.machine import Machine
from isa.assembly import assemble

CODE = 0x1000
KSEG0 = 0x8000_0000
NAMES = ("mips", "mipsel", "mips64", "mips64el")
Build = Callable[..., Machine]


def wide(name: str, address: int) -> int:
    """An address of 32 bits as the CPU has it."""
    return address | 0xFFFF_FFFF_0000_0000 if "64" in name and address >> 31 else address


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def build(name: str) -> Iterator[Build]:
    """Make a machine with assembly at CODE, and that of `vector` at the vectors; it starts there, in kseg0, interrupts
    off."""
    made: list[Machine] = []

    def one(text: str, vector: str = "wait\n", status: int = 0, cpu: str | None = None) -> Machine:
        described = isa.find(name)
        machine = Machine(MachineConfig(isa=name, board="bare", cpu=cpu))
        made.append(machine)
        machine.memory.write(CODE, assemble(described, ".set noreorder\n.set noat\n" + text, KSEG0 + CODE))
        code = assemble(described, ".set noreorder\n.set noat\n" + vector, KSEG0 + 0x180)
        for place in (0, 0x80, 0x180):
            machine.memory.write(place, code[: 0x80 if place < 0x180 else len(code)])
        machine.run(max_insns=0)
        vcpu = machine.vcpus[0].arch
        vcpu.write_register("status", status)
        vcpu.write_register("pc", wide(name, KSEG0 + CODE))
        return machine

    yield one
    for machine in made:
        machine.close()
