"""Machines with a few words of m68k code in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from emu.config import MachineConfig
from emu.machine import Machine

CODE, HANDLER, STACK, NOWHERE = 0x2000, 0x3000, 0x8000, 0x0800_0000
Build = Callable[..., Machine]


@pytest.fixture
def build() -> Iterator[Build]:
    """build(code in hex, model, registers): a machine of `bare` that begins with this code, with a stack and, at
    HANDLER, `bra .` for all vectors."""
    made: list[Machine] = []

    def one(code: str, cpu: str | None = None, **registers: int) -> Machine:
        machine = Machine(MachineConfig(isa="m68k", board="bare", cpu=cpu))
        made.append(machine)
        machine.memory.write(CODE, bytes.fromhex(code.replace(" ", "")))
        machine.memory.write(0, HANDLER.to_bytes(4, "big") * 256)
        machine.memory.write(HANDLER, bytes.fromhex("60fe"))
        machine.vcpus[0].set_entry(CODE)
        machine.settle()
        for name, value in {"a7": STACK, **registers}.items():
            machine.vcpus[0].arch.write_register(name, value)
        return machine

    yield one
    for machine in made:
        machine.close()


def read(machine: Machine, *names: str) -> list[int]:
    return [machine.vcpus[0].arch.read_register(name) for name in names]


def words(machine: Machine, address: int, count: int) -> list[int]:
    """Big-endian 16-bit words of memory."""
    data = machine.memory.read(address, 2 * count)
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, 2 * count, 2)]
