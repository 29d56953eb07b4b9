"""What the engine does not offer is found by measuring, and a guest runs the same without it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emu.config import MachineConfig
from emu.engine import engine as engine_module
from emu.engine import internals
from emu.engine.engine import Engine
from emu.guest import load_guest
from emu.machine import Machine
from isa import registry

GUESTS = Path(__file__).resolve().parents[3] / "guests"
SAMPLES = ("riscv64/traps", "riscv64/mmio-forms", "riscv64/self-modifying", "riscv64/smp", "riscv32/paging")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is looked at through /proc")


def ran(name: str) -> tuple[Any, int, bytes, str]:
    guest = load_guest(GUESTS / name)
    options: dict[str, Any] = {
        "isa": guest.isa,
        "board": guest.machine,
        "smp": guest.smp,
        "ram": guest.memory,
    }
    with Machine(MachineConfig(**options)) as machine:
        machine.load(guest.elf)
        outcome = machine.run(max_insns=guest.expect.max_instructions)
        return (outcome.ending, outcome.code), machine.retired, machine.console_output, machine.state_hash()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is taken from the pool."""
    monkeypatch.setattr(engine_module, "_free", {})


@linux
@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
def test_the_cpu_state_is_found_in_place(isa: str) -> None:
    plugin = registry.find(isa)
    engine = Engine(plugin, registry.cpu_model(plugin, None))
    register = plugin.register("a3").unicorn
    assert register is not None
    engine.write(register, 0x1234567)
    assert engine.word("context") == 0, "the state is a copy"
    assert engine.registers.get(engine.state, "a3") == 0x1234567
    engine.registers.put(engine.state, "a3", 0x7654321)
    assert engine.read(register) == 0x7654321


@linux
def test_each_block_has_a_cell_of_its_own(assembled: Callable[..., Machine]) -> None:
    machine = assembled("li s1, 5\n1:\naddi s1, s1, -1\nbnez s1, 1b\n2:\nj 2b")
    machine.run(max_insns=100)
    engine = machine.vcpus[0].arch._engine
    assert engine is not None
    used = (engine.word("cell_next") - int(engine.cells.ctypes.data)) // 16
    keys = [int(key) for key in engine.cells["key"][:used] if key]
    assert len(keys) >= 3
    assert len(set(keys)) == len(keys)
    assert ctypes.c_uint64.from_address(engine.word("cell_word")).value == engine.word("cell_next")


@pytest.mark.parametrize("guest", SAMPLES)
def test_a_guest_runs_the_same_without_them(guest: str, fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ran(guest)
    engine_module._free.clear()
    monkeypatch.setattr(internals, "find", lambda *arguments: None)
    monkeypatch.setattr(internals, "user_data", lambda *arguments: None)
    assert ran(guest) == expected


def test_when_no_cell_is_left_the_count_is_still_exact(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ran("riscv64/traps")
    engine_module._free.clear()
    monkeypatch.setattr(engine_module, "CELLS", 8)
    assert ran("riscv64/traps") == expected


def test_an_engine_laid_out_otherwise_is_left_alone() -> None:
    head = bytes(4096)
    assert internals._flag([head, head, head], 1528) is None
