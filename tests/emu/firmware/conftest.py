"""Supervisors on the built-in firmware: a few lines of assembly at 0x80200000."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from emu.config import BUILT_IN, MachineConfig
from emu.machine import Machine
from isa.riscv.assembly import assemble32, assemble64

START = 0x8020_0000
EXTENSIONS = {"BASE": 0x10, "TIME": 0x54494D45, "IPI": 0x735049, "RFENCE": 0x52464E43, "HSM": 0x48534D}
EXTENSIONS |= {"SRST": 0x53525354, "DBCN": 0x4442434E}


@pytest.fixture
def call() -> Callable[..., str]:
    """Assembly of a call: an extension's name or number, a function, and values for a0 onwards."""

    def text(extension: str | int, function: int = 0, *arguments: int | str) -> str:
        lines = [f"li a{i}, {value}" for i, value in enumerate(arguments)]
        number = EXTENSIONS[extension] if isinstance(extension, str) else extension
        return "\n".join((*lines, f"li a7, {number}", f"li a6, {function}", "ecall", ""))

    return text


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    """Make a machine that starts with this assembly; the options are those of MachineConfig."""
    made: list[Machine] = []

    def build(text: str, **options: object) -> Machine:
        wide = options.get("isa") != "riscv32"
        program = (assemble64 if wide else assemble32)(text, START)
        path = tmp_path / f"{crc32(program):08x}.bin"  # the same program has the same name: states fit
        path.write_bytes(program)
        settings = {"board": "virt", "bios": BUILT_IN, "ram": 16 << 20, **options}
        machine = Machine(MachineConfig(**settings))  # type: ignore[arg-type]
        made.append(machine)
        machine.load(path, base=START)
        return machine

    yield build
    for machine in made:
        machine.close()
