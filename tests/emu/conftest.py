"""Machines that run a few lines of assembly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from emu.config import MachineConfig
from emu.machine import Machine
from isa.riscv.assembly import assemble32, assemble64

RAM = 0x8000_0000


@pytest.fixture
def assembled() -> Iterator[Callable[..., Machine]]:
    """Make a machine (bare, unless `board` says otherwise) whose RAM begins with this RISC-V assembly, and where it
    starts; the options are those of MachineConfig. All are closed when the test is over."""
    made: list[Machine] = []

    def build(text: str, **options: object) -> Machine:
        machine = Machine(MachineConfig(**{"board": "bare", **options}))  # type: ignore[arg-type]
        made.append(machine)
        assemble = assemble32 if options.get("isa") == "riscv32" else assemble64
        machine.memory.write(RAM, assemble(text, RAM))
        return machine

    yield build
    for machine in made:
        machine.close()
