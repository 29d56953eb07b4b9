"""Machines with a few instructions of SPARC in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import isa
from emu.config import MachineConfig
from emu.machine import Machine
from isa.assembly import assemble

CODE = 0x2000
Build = Callable[..., Machine]


@pytest.fixture
def build() -> Iterator[Build]:
    """build(text, ISA): a machine of `bare` whose vCPU 0 begins with this text."""
    made: list[Machine] = []

    def one(text: str, name: str = "sparc", cpu: str | None = None) -> Machine:
        machine = Machine(MachineConfig(isa=name, board="bare", cpu=cpu))
        made.append(machine)
        machine.memory.write(CODE, assemble(isa.find(name), text, CODE))
        machine.vcpus[0].set_entry(CODE)
        return machine

    yield one
    for machine in made:
        machine.close()
