"""Machines with a little TriCore assembly in memory."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emu.config import MachineConfig
from emu.machine import Machine

TOOLS = Path(__file__).resolve().parents[3] / "guests" / "runtime" / "tricore"
CODE, TRAPS, INTERRUPTS, AREAS, NOWHERE = 0x2000, 0x4000, 0x6000, 0x8000, 0x0800_0000
COUNT = 4
"""Context save areas on the free list."""
Build = Callable[..., Machine]


def tool(name: str) -> ModuleType:
    """A module of the guests' assembler."""
    if str(TOOLS) not in sys.path:
        sys.path.insert(0, str(TOOLS))
    return importlib.import_module(name)


def assembled(text: str, base: int = CODE) -> bytes:
    """The words of assembly, a line each or separated by bars."""
    assembler: Any = tool("assembler").Assembler()
    assembler.add("test", ".section .text.start\n_start:\n" + text.replace("|", "\n"))
    image = assembler.link(base, "_start")
    size = int.from_bytes(image[52 + 16 : 52 + 20], "little")
    at = int.from_bytes(image[52 + 4 : 52 + 8], "little")
    return bytes(image[at : at + size])


@pytest.fixture
def build() -> Iterator[Build]:
    """build(assembly, registers): a machine of `bare` that begins with it, with `j .` at all vectors."""
    made: list[Machine] = []

    def one(text: str, **registers: int) -> Machine:
        machine = Machine(MachineConfig(isa="tricore", board="bare"))
        made.append(machine)
        machine.memory.write(CODE, assembled(text))
        for table in (TRAPS, INTERRUPTS):
            for entry in range(16):
                machine.memory.write(table + 32 * entry, assembled(".L: j .L"))
        for number in range(COUNT):
            following = (AREAS >> 6) + number + 1 if number + 1 < COUNT else 0
            machine.memory.write(AREAS + 64 * number, following.to_bytes(4, "little"))
        machine.vcpus[0].set_entry(CODE)
        machine.settle()
        for name, value in {
            "btv": TRAPS,
            "biv": INTERRUPTS,
            "fcx": AREAS >> 6,
            "isp": 0x7000,
            **registers,
        }.items():
            machine.vcpus[0].arch.write_register(name, value)
        return machine

    yield one
    for machine in made:
        machine.close()


def read(machine: Machine, *names: str) -> list[int]:
    return [machine.vcpus[0].arch.read_register(name) for name in names]


def words(machine: Machine, address: int, count: int) -> list[int]:
    data = machine.memory.read(address, 4 * count)
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, 4 * count, 4)]
