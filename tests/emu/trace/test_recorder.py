"""What is recorded is what single-stepping sees: every instruction, every register."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emu.guest import load_guest
from emu.machine import Machine
from emu.trace.recorder import BRANCHES, EXITS, INSNS, MEM, REGS, Recorder
from emu.trace.rows import Batch, Kind

GUESTS = Path(__file__).resolve().parents[3] / "guests"
ISAS = sorted(path.parent.parent.name for path in GUESTS.glob("*/hello/guest.toml"))
STEPS = 150
"""Instructions that are stepped over, one by one."""


def recorded(folder: Path, what: frozenset[str], count: int | None = None) -> tuple[Batch, Recorder, int]:
    """The rows, the recorder, and the instructions retired."""
    parts: list[Batch] = []
    with Machine(load_guest(folder).config()) as machine:
        recorder = Recorder(machine, what, parts.append)
        machine.run(max_insns=count)
        recorder.close()
        retired = machine.retired
    return Batch.joined(parts), recorder, retired


def stepped(folder: Path, names: list[str]) -> tuple[list[int], list[dict[str, int]]]:
    """The pc before each instruction, and the registers before it and after the last."""
    pcs, states = [], []
    with Machine(load_guest(folder).config()) as machine:
        arch = machine.vcpus[0].arch
        machine.settle()
        for number in range(STEPS):
            machine.run(max_insns=number - machine.retired) if number > machine.retired else None
            states.append({name: arch.read_register(name) for name in names})
            pcs.append(arch.pc)
        machine.run(max_insns=1)
        states.append({name: arch.read_register(name) for name in names})
    return pcs, states


@pytest.mark.parametrize("isa", ISAS)
def test_each_instruction_and_each_register_is_as_single_stepping_sees_it(isa: str) -> None:
    folder = GUESTS / isa / "hello"
    rows, recorder, _ = recorded(folder, frozenset({INSNS, REGS}), STEPS)
    names = list({lane.name: None for lane in recorder.lanes})
    pcs, states = stepped(folder, names)
    insns = rows.take(np.flatnonzero(rows.kind == Kind.INSN))
    assert insns.pc.tolist() == pcs
    assert insns.insn.tolist() == list(range(STEPS))
    now: dict[str, int] = dict(states[0])
    changes: dict[int, list[Any]] = {}
    for insn, _, kind, _, address, value, size, _ in rows.rows():
        if kind == Kind.REG:
            changes.setdefault(insn, []).append((recorder.lanes[address], value, size))
    for number in range(STEPS):
        for lane, value, size in changes.get(number, ()):
            shift = 64 * lane.lane
            mask = ((1 << 8 * size) - 1) << shift
            now[lane.name] = now[lane.name] & ~mask | value << shift
        wrong = {
            name: (hex(now[name]), hex(value)) for name, value in states[number + 1].items() if now[name] != value
        }
        assert not wrong, f"after instruction {number} at {pcs[number]:#x}"
    assert sum(map(len, changes.values())) > STEPS // 3
