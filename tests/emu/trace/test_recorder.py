"""What is recorded is what single-stepping sees: every instruction, every register."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from emu.debug.memory import GuestMemory
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending
from emu.symbols import Symbol
from emu.trace.code import Blocks
from emu.trace.recorded import BRANCHES, EXITS, INSNS, MEM, REGS
from emu.trace.recorder import Recorder
from emu.trace.rows import Batch, Kind
from emu.trace.translations import translations
from isa import registry

GUESTS = Path(__file__).resolve().parents[3] / "guests"
ISAS = sorted(path.parent.parent.name for path in GUESTS.glob("*/hello/guest.toml"))
STEPS = 150
"""Instructions that are stepped over, one by one."""
MORE: Final = 1000


def recorded(
    folder: Path, what: frozenset[str], count: int | None = None, **options: Any
) -> tuple[Batch, Recorder, int]:
    """The rows, the recorder, and the instructions retired."""
    parts: list[Batch] = []
    with Machine(load_guest(folder).config()) as machine:
        recorder = Recorder(machine, what, lambda batch: parts.append(batch.copy()), **options)
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
            name: (hex(now[name]), hex(value))
            for name, value in states[number + 1].items()
            if now[name] != value
        }
        assert not wrong, f"after instruction {number} at {pcs[number]:#x}"
    assert sum(map(len, changes.values())) > STEPS // 5


@pytest.mark.parametrize("isa", ISAS)
def test_rows_behind_a_block_are_those_of_its_instructions(isa: str) -> None:
    what = frozenset({INSNS, REGS, MEM})
    blocks, recorder, _ = recorded(GUESTS / isa / "hello", what, MORE, by_block=True)
    single, other, _ = recorded(GUESTS / isa / "hello", what, MORE)
    assert Kind.INSN not in blocks.kinds()
    assert (np.diff(blocks.insn.astype(np.int64)) >= 0).all()
    whole = recorder.described.blocks.expanded(blocks)
    assert recorder.unseen == other.unseen == 0
    for kinds in ((Kind.INSN,), (Kind.REG, Kind.READ, Kind.WRITE)):
        ours, theirs = ([row for row in rows.rows() if row[2] in kinds] for rows in (whole, single))
        assert ours == theirs
    assert len(ours) > STEPS


@pytest.mark.parametrize("name", ["traps", "external-interrupt", "paging"])
def test_other_registers_are_looked_at_when_they_can_change(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traps, interrupts and device accesses within blocks that change general registers alone."""
    folder, what = GUESTS / "riscv64" / name, frozenset({INSNS, REGS})
    quick, recorder, _ = recorded(folder, what, 100_000)
    monkeypatch.setattr("emu.trace.tracing.Tracing._look_at", lambda *_, **__: None)
    thorough, _, _ = recorded(folder, what, 100_000)
    changed = {recorder.lanes[number].name for number in quick.address[quick.kind == Kind.REG].tolist()}
    assert {"mepc", "mcause"} <= changed
    assert list(quick.rows()) == list(thorough.rows())


def test_blocks_are_the_same_instructions() -> None:
    """Traps, interrupts and device accesses among them."""
    folder = GUESTS / "riscv64" / "traps"
    blocks, recorder, retired = recorded(folder, frozenset({INSNS, EXITS, BRANCHES}))
    assert (blocks.kind == Kind.BLOCK).any()
    whole = recorder.described.blocks.expanded(blocks)
    single, other_recorder, again = recorded(folder, frozenset({INSNS, EXITS, BRANCHES, MEM}))
    assert retired == again
    for kind in (Kind.INSN, Kind.EXIT, Kind.BRANCH):
        ours, theirs = (
            [(*row[:-1], each.described.names.all[row[-1]]) for row in rows.rows() if row[2] == kind]
            for rows, each in ((whole, recorder), (single, other_recorder))
        )
        assert len(ours) > 100
        assert ours == theirs
    insns = single.take(np.flatnonzero(single.kind == Kind.INSN))
    assert insns.insn.tolist() == list(range(retired))


@pytest.mark.parametrize("what", [{INSNS, BRANCHES}, {INSNS, REGS, MEM, BRANCHES}], ids=["way", "all"])
@pytest.mark.parametrize("name", ["traps", "smp"])
def test_ranges_are_what_a_whole_trace_has_there(name: str, what: set[str]) -> None:
    """Registers and branches at the edges among them, and what another vCPU does meanwhile."""
    folder = GUESTS / "riscv64" / name
    rows, recorder, retired = recorded(folder, frozenset(what), 20_000)
    every = recorder.described.blocks.expanded(rows)
    places, counts = np.unique(every.pc[every.kind == Kind.INSN], return_counts=True)
    often = int(places[np.argmax(counts)])
    ranges = [(int(places[5]) + 2, int(places[40])), (often, often + 1)]
    some, other, again = recorded(folder, frozenset(what), 20_000, ranges=ranges)
    assert again == retired
    found = other.described.blocks.expanded(some)
    assert len(found.insn) < len(every.insn)
    ours, theirs = (
        [row for row in batch.rows() if any(low <= row[3] < end for low, end in ranges)]
        for batch in (found, every)
    )
    assert len(ours) > 100
    assert ours == theirs
    assert (found.kind == Kind.INSN).sum() + other.passed == retired


def test_a_block_whose_code_is_gone_says_so() -> None:
    blocks = Blocks(registry.find("riscv64"), lambda pc, size: b"")
    assert blocks.facts(blocks.number(0x8000_0000, 12, 3))[2] == [0, 4, 8]
    assert blocks.unplaced == 0
    assert blocks.facts(blocks.number(0x8000_0000, 10, 3))[2] == [0, 0, 0]
    assert blocks.unplaced == 3


def test_named_pages_that_lie_elsewhere_are_translated() -> None:
    with Machine(load_guest(GUESTS / "riscv64" / "paging").config()) as machine:
        window = 0x4000_0000
        symbols = [Symbol("mapped", window + 0x1040, 8), Symbol("itself", 0x8000_0000, 8)]
        found: list[tuple[int, int, int]] = []
        while not found and machine.run(max_insns=500).ending is Ending.BUDGET:
            found = translations(machine, symbols)
        ((virtual, physical, size),) = found
        assert (virtual, size) == (window + 0x1000, 0x1000)
        assert GuestMemory(machine).translate(virtual) == physical != virtual


@pytest.mark.parametrize("name", ["smp", "reboot", "self-modifying", "timer-interrupt"])
def test_every_retired_instruction_is_there_once(name: str) -> None:
    """With several vCPUs in turns, over a reset, with code that changes, with interrupts."""
    rows, recorder, retired = recorded(GUESTS / "riscv64" / name, frozenset({INSNS}), 300_000)
    whole = recorder.described.blocks.expanded(rows)
    assert whole.insn.tolist() == list(range(retired))
    assert recorder.lost == recorder.unseen == 0


def test_accesses_are_those_of_the_instruction() -> None:
    rows, _, _ = recorded(GUESTS / "riscv64" / "hello", frozenset({INSNS, MEM}))
    codes: dict[int, int] = {}
    for insn, _, kind, pc, address, value, size, _ in rows.rows():
        if kind == Kind.INSN:
            codes[insn] = value
        else:
            opcode = codes[insn] & 0x7F if codes[insn] & 3 == 3 else -1
            assert opcode in (-1, 0x03 if kind == Kind.READ else 0x23), hex(pc)
            assert size in (1, 2, 4, 8)
            assert value < 1 << 8 * size
            assert address >= 0x1000_0000
