"""Followed calls: every instruction is in the tree once, and is where the stack says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emu.calls import tables
from emu.calls.records import NODE
from emu.calls.tree import CallNode, CallTree
from emu.debug.debugger import Debugger
from emu.engine import engine
from emu.guest import load_guest
from emu.machine import Machine

GUESTS = Path(__file__).resolve().parents[2] / "guests"
WITH_DEBUGGEE = sorted(path.parent for path in GUESTS.glob("*/debuggee/guest.toml"))
OTHERS = [
    GUESTS / name
    for name in (
        "arm/thumb-traps", "riscv64/traps", "x86_64/traps", "aarch64/traps", "m68k/traps",
        "tricore/workload", "sparc/workload", "mips/traps",
    )
]  # fmt: skip
LOST = pytest.mark.xfail(
    reason="on the M profile, what goes on elsewhere after a failed branch or fetch is taken for a call",
    strict=True,
)
RAM = 0x8000_0000
OFF = "li t6, 0x10010000\nsw zero, 0(t6)\n"


def tree_of(machine: Machine) -> CallTree:
    calls = machine.block_counts.calls
    assert calls is not None
    tree = CallTree(calls.nodes, machine.isa, machine.symbols, calls.lost)
    assert all(node.instructions >= 0 for node in tree)
    return tree


def followed(machine: Machine, most: int = 10_000_000) -> CallTree:
    machine.count_blocks(calls=True)
    machine.run(max_insns=most)
    tree = tree_of(machine)
    assert tree.total == machine.retired
    return tree


def paths(tree: CallTree) -> dict[tuple[str, ...], CallNode]:
    found: dict[int, tuple[str, ...]] = {}
    for node in tree:
        found[id(node)] = () if node.parent is None else (*found[id(node.parent)], node.name)
    return {found[id(node)]: node for node in tree}


def calls_of(tree: CallTree) -> Counter[str]:
    sums: Counter[str] = Counter()
    for node in tree:
        sums[node.name] += node.calls
    return sums


@pytest.mark.parametrize("folder", WITH_DEBUGGEE, ids=lambda path: path.parent.name)
def test_a_guest_of_every_isa_calls_what_its_source_says(folder: Path) -> None:
    with Machine(load_guest(folder).config()) as machine:
        tree = followed(machine)
        [area] = [path for path in paths(tree) if path[-1:] == ("cross",)]
        assert area[-4:] == ("main", "scaled", "doubled_area", "cross")
        calls = calls_of(tree)
        assert (calls["scaled"], calls["doubled_area"], calls["cross"], calls["print"]) == (3, 3, 9, 2)
        assert tree.lost == 0


@pytest.mark.parametrize(
    "folder",
    [*OTHERS, pytest.param(GUESTS / "arm" / "cortex-m-traps", marks=LOST)],
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_traps_and_other_encodings_lose_no_instruction(folder: Path) -> None:
    with Machine(load_guest(folder).config()) as machine:
        calls = calls_of(followed(machine))
        assert calls["main"] == 1


def test_each_instruction_is_where_a_debugger_sees_it() -> None:
    folder, most = GUESTS / "riscv64" / "debuggee", 700
    seen: Counter[tuple[str, ...]] = Counter()
    with Machine(load_guest(folder).config()) as machine, Debugger(machine) as debugger:
        while machine.retired < most:
            names = [str(frame.symbol).partition("+")[0] for frame in debugger.backtrace()]
            seen[tuple(reversed(names))] += 1
            debugger.step()
    with Machine(load_guest(folder).config()) as machine:
        tree = followed(machine, most)
        assert {path: node.instructions for path, node in paths(tree).items() if node.instructions} == seen


def shape(tree: CallTree) -> list[tuple[int, int, int]]:
    """(depth, calls, instructions) of all nodes but the root."""
    [root] = tree.roots
    depths = {id(root): -1}
    found = []
    for node in tree:
        if node.parent is not None:
            depths[id(node)] = depths[id(node.parent)] + 1
            found.append((depths[id(node)], node.calls, node.instructions))
    return found


def test_recursion_has_a_node_for_each_depth(assembled: Callable[..., Machine]) -> None:
    machine = assembled(f"""li sp, 0x80010000
        li a0, 3
        jal ra, 1f
        {OFF}
        1: addi sp, sp, -16
        sd ra, 0(sp)
        addi a0, a0, -1
        beqz a0, 2f
        jal ra, 1b
        2: ld ra, 0(sp)
        addi sp, sp, 16
        ret""")
    found = shape(followed(machine))
    assert [row[:2] for row in found] == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert [row[2] for row in found[1:]] == [8, 8, 7]


@pytest.mark.usefixtures("new_engines")
def test_recursion_beyond_the_shadow_stack_is_its_deepest_frame_s(assembled: Callable[..., Machine]) -> None:
    machine = assembled(f"""li sp, 0x80090000
        li a0, 3000
        jal ra, 1f
        nop
        jal ra, 3f
        {OFF}
        3: ret
        1: addi sp, sp, -16
        sd ra, 0(sp)
        addi a0, a0, -1
        beqz a0, 2f
        jal ra, 1b
        2: ld ra, 0(sp)
        addi sp, sp, 16
        ret""")
    tree = followed(machine)
    deepest = tables.DEPTH - 64
    assert tree.lost == 3000 - deepest
    found = shape(tree)
    assert max(depth for depth, _, _ in found) == deepest
    assert (1, 1, 1) in found, "what is called afterwards is called by what called the recursion"


def test_a_long_jump_leaves_what_is_between(assembled: Callable[..., Machine]) -> None:
    machine = assembled(f"""li sp, 0x80010000
        jal ra, 1f
        {OFF}
        1: addi sp, sp, -16
        sd ra, 0(sp)
        la s1, 5f
        mv s2, sp
        jal ra, 2f
        5: ld ra, 0(sp)
        addi sp, sp, 16
        ret
        2: addi sp, sp, -16
        jal ra, 3f
        nop
        3: addi sp, sp, -32
        mv sp, s2
        mv ra, s1
        ret""")
    found = shape(followed(machine))
    assert [row[:2] for row in found] == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert found[1][2] == 9, "the one that was returned to goes on where it was"


def test_a_tail_call_takes_the_caller_s_place(assembled: Callable[..., Machine]) -> None:
    machine = assembled(f"""li sp, 0x80010000
        jal ra, 2f
        jal ra, 1f
        {OFF}
        1: nop
        j 2f
        2: nop
        nop
        ret""")
    tree = followed(machine)
    rows = shape(tree)
    assert [(depth, instructions) for depth, _, instructions in rows[1:]] == [(1, 6), (1, 2)]
    assert [calls for _, calls, _ in rows[1:]] == [2, 1]


def test_threads_that_take_turns_keep_their_stacks(assembled: Callable[..., Machine]) -> None:
    """One calls `yield`, 9, in a loop; the other, begun at 3, in a function of its own. It swaps stacks."""
    machine = assembled(f"""li sp, 0x80010000
        li s1, 0x8001fff0
        la t0, 3f
        sd t0, 0(s1)
        li s3, 3
        jal ra, 1f
        {OFF}
        1: addi sp, sp, -16
        sd ra, 8(sp)
        2: jal ra, 9f
        addi s3, s3, -1
        bnez s3, 2b
        ld ra, 8(sp)
        addi sp, sp, 16
        ret
        3: jal ra, 4f
        j 3b
        4: addi sp, sp, -16
        sd ra, 8(sp)
        jal ra, 9f
        nop
        ld ra, 8(sp)
        addi sp, sp, 16
        ret
        9: addi sp, sp, -16
        sd ra, 0(sp)
        mv t1, sp
        mv sp, s1
        mv s1, t1
        ld ra, 0(sp)
        addi sp, sp, 16
        ret""")
    machine.count_blocks(calls=True, turned=(turns := Turns(machine)).note)
    machine.run(max_insns=10_000)
    rows = shape(tree_of(machine))
    assert rows[1:] == [(1, 1, 14), (2, 3, 24), (0, 0, 5), (1, 3, 17), (2, 3, 24)]
    assert turns.stacks == [1, 0, 1, 0, 1, 0], "at each change of threads, and at nothing else"


class Turns:
    """Of which thread the stack is at each turn."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.stacks: list[int] = []

    def note(self) -> None:
        stack = self._machine.vcpus[0].arch.read_register("x2")
        self.stacks.append(int(stack >= 0x8001_0000 + 1))


def test_an_address_space_has_the_name_that_is_known(assembled: Callable[..., Machine]) -> None:
    nodes = np.zeros(4, NODE)
    nodes["function"] = [0, RAM | 1, RAM + 0x1001, 0x1000]
    nodes["parent"], nodes["instructions"] = [0, 0, 0, 1], [0, 1, 1, 1]
    machine = assembled("nop")
    tree = CallTree(nodes, machine.isa, machine.symbols, 0, {RAM | 1: "init"}.get)
    assert [each.program for each in tree.roots] == ["init", None]


def test_what_a_trap_interrupts_goes_on_where_it_was(assembled: Callable[..., Machine]) -> None:
    machine = assembled(f"""li sp, 0x80010000
        la t0, 9f
        csrw mtvec, t0
        jal ra, 1f
        {OFF}
        1: nop
        ebreak
        nop
        ecall
        nop
        ret
        .align 2
        9: csrr t1, mepc
        addi t1, t1, 4
        csrw mepc, t1
        mret""")
    rows = shape(followed(machine))
    assert rows[1:] == [(1, 1, 4), (2, 2, 8)]


def test_a_run_in_slices_has_the_same_tree() -> None:
    folder = GUESTS / "riscv64" / "traps"
    with Machine(load_guest(folder).config()) as machine:
        whole = {path: node.instructions for path, node in paths(followed(machine, 20_000)).items()}
    with Machine(load_guest(folder).config()) as machine:
        machine.count_blocks(calls=True)
        step = 1
        while machine.retired < 20_000:
            machine.run(max_insns=min(step, 20_000 - machine.retired))
            step = step * 7 % 61 + 1
            if step % 9 == 0:
                machine.forget_code()
        assert {path: node.instructions for path, node in paths(tree_of(machine)).items()} == whole


def test_resets_and_restored_states_take_nothing_back() -> None:
    with Machine(load_guest(GUESTS / "riscv64" / "hello").config()) as machine:
        machine.count_blocks(calls=True)
        machine.run(max_insns=203)
        machine.reset()
        machine.run(max_insns=150)
        state = machine.save()
        machine.run(max_insns=100)
        machine.restore(state)
        machine.run(max_insns=50)
        assert tree_of(machine).total == 203 + 150 + 100 + 50


def test_several_cpus_have_stacks_of_their_own() -> None:
    with Machine(load_guest(GUESTS / "riscv64" / "smp").config()) as machine:
        tree = followed(machine)
        assert tree.total > 1_000_000
        assert tree.lost == 0


@pytest.mark.usefixtures("new_engines")
def test_the_tree_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = GUESTS / "riscv64" / "traps"
    with Machine(load_guest(folder).config()) as machine:
        usual = {path: node.instructions for path, node in paths(followed(machine)).items()}
    engine._free.clear()
    monkeypatch.setattr(tables, "NODES", 128)
    with Machine(load_guest(folder).config()) as machine:
        assert {path: node.instructions for path, node in paths(followed(machine)).items()} == usual


def test_switches_say_when_a_vcpu_came_to_a_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SWITCHES", 100)
    parts: list[Any] = []
    with Machine(load_guest(GUESTS / "riscv64" / "debuggee").config()) as machine:
        machine.count_blocks(calls=True, switches=parts.append)
        machine.run()
        calls = machine.block_counts.calls
        assert calls is not None
        assert len(parts) > 1
        rows = np.concatenate(parts)
        ends = np.append(rows["retired"][1:], np.uint64(machine.retired))
        sums = np.zeros(len(calls.nodes), np.uint64)
        np.add.at(sums, rows["node"], ends - rows["retired"])
        assert sums.tolist() == calls.nodes["instructions"].tolist()


@pytest.fixture
def new_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """None that other tests use, before or after."""
    nobody: dict[tuple[str, str], list[Any]] = {}
    monkeypatch.setattr(engine, "_free", nobody)
