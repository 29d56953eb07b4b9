"""Machines of board `bare` that run a few A64 instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

import isa
from emu.config import MachineConfig
from emu.machine import Machine
from isa import assembly

CODE, VECTORS, DATA = 0x10000, 0x20000, 0x40000
EL0T, EL1H, EL2H, EL3H = 0x3C0, 0x3C5, 0x3C9, 0x3CD
Build = Callable[..., Machine]
HANDLER = """
 mov x20, #{number}
 mrs x21, esr_el{level}
 mrs x22, elr_el{level}
 mrs x23, spsr_el{level}
 mrs x24, far_el{level}
rest: wfi
 b rest
"""


@cache
def assemble(text: str, address: int = CODE) -> bytes:
    return assembly.assemble(isa.find("aarch64"), text, address)


@pytest.fixture
def build() -> Iterator[Build]:
    """build(text, level=1): a machine about to run it at that level, with vectors at each level that note what came."""
    made: list[Machine] = []

    def one(text: str, level: int = 1, model: str | None = None, vectors: bool = True) -> Machine:
        machine = Machine(MachineConfig(isa="aarch64", board="bare", cpu=model))
        made.append(machine)
        machine.memory.write(CODE, assemble(text))
        vcpu = machine.vcpus[0].arch
        if vectors:
            for target in (1, 2, 3):
                base = VECTORS + 0x1000 * target
                for number in range(16):
                    handler = HANDLER.format(number=number, level=target)
                    machine.memory.write(base + 0x80 * number, assemble(handler, base + 0x80 * number))
                vcpu.write_register(f"vbar_el{target}", base)
        vcpu.write_register("pc", CODE)
        vcpu.write_register("cpsr", (EL0T, EL1H, EL2H, EL3H)[level])
        return machine

    yield one
    for machine in made:
        machine.close()
