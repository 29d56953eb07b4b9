"""Watchpoints: every access to a range, once, right behind its instruction; invisible, and gone when removed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from axvcpu.exits import AccessFlags, Debug, DebugKind
from emu.config import MachineConfig
from emu.errors import AddressError, ConfigError
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending, Outcome
from emu.watch import Watch
from isa import find, registry
from isa.assembly import assemble

GUESTS = Path(__file__).resolve().parents[2] / "guests"
NAMES = sorted(registry.names())
READ, WRITE = AccessFlags.READ, AccessFlags.WRITE
BOTH = READ | WRITE
DATA = 0x8000_8000
STOP = """
 li t6, 0x10010000
 sw zero, 0(t6)
1: j 1b
"""
ENOUGH = 120
"""Stops of one run, after which the range is not watched any longer."""


def stops(machine: Machine, limit: int = 1_000_000) -> list[Debug]:
    """Run to the end of the guest; what the watchpoints saw."""
    found = []
    while (outcome := machine.run(max_insns=limit)).ending is Ending.EXIT:
        assert isinstance(outcome.exit, Debug)
        assert outcome.exit.kind is DebugKind.WATCHPOINT
        found.append(outcome.exit)
    assert outcome.ending is Ending.POWERED_OFF, outcome
    return found


def seen(exits: list[Debug]) -> list[tuple[int | None, int | None, AccessFlags | None]]:
    return [(each.address, each.width, each.access) for each in exits]


def facts(machine: Machine, outcome: Outcome) -> tuple[Any, ...]:
    return outcome.ending, outcome.code, machine.retired, machine.console_output, machine.state_hash()


def places(machine: Machine) -> list[int]:
    """Of each page that the guest has used, an aligned address in the middle of what it has left there."""
    found: dict[int, int] = {}
    for number, content in machine.ram.pages():
        used = content.nonzero()[0]
        address = machine.board.ram_base + number * 4096 + (int(used[len(used) // 2]) & ~7)
        found.setdefault(address // machine.isa.page_size, address)
    return list(found.values())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_the_same_whatever_is_watched(name: str) -> None:
    guest = load_guest(GUESTS / name / "workload")
    limit = guest.expect.max_instructions
    with Machine(guest.config()) as plain:
        expected = facts(plain, plain.run(max_insns=limit))
        addresses = places(plain)
    kinds, slow = set(), 0
    with Machine(guest.config()) as machine:
        for address in addresses:
            machine.reset()
            before = machine.retired
            machine.watchpoints = [Watch(address, 8, BOTH)]
            counts: list[int] = []
            while (outcome := machine.run(max_insns=limit)).ending is Ending.EXIT:
                exit = outcome.exit
                assert isinstance(exit, Debug)
                counts.append(machine.retired)
                assert len(exit.hits) == 1
                assert exit.hits[0].watched == (address, 8)
                assert exit.after == machine.memory.read(address, 8)
                assert exit.access is not READ or exit.before == exit.after
                kinds.add(exit.access)
                if len(counts) == ENOUGH:
                    machine.watchpoints = []
            assert counts == sorted(set(counts))
            ending, code, retired, console, _ = facts(machine, outcome)
            assert (ending, code, retired - before) == expected[:3], hex(address)
            assert console[-len(expected[3]) :] == expected[3]
            slow += len(machine.slow_watchpoints)
    assert {READ, WRITE} <= kinds
    assert slow


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_a_stop_is_right_behind_the_instruction_that_has_made_the_access(name: str) -> None:
    guest = load_guest(GUESTS / name / "workload")
    limit = guest.expect.max_instructions
    with Machine(guest.config()) as plain:
        plain.run(max_insns=limit)
        addresses = places(plain)
    with Machine(guest.config()) as machine, Machine(guest.config()) as other:
        machine.watchpoints = [Watch(address, 8, BOTH) for address in addresses]
        for _ in range(60):
            exit = machine.run(max_insns=limit).exit
            assert isinstance(exit, Debug)
            other.run(max_insns=machine.retired - 1 - other.retired)
            assert other.vcpus[0].arch.pc == exit.pc
            hit = exit.hits[0]
            assert other.memory.read(*hit.watched) == hit.before
            other.run(max_insns=1)
            assert other.memory.read(*hit.watched) == hit.after
            assert other.state_hash() == machine.state_hash()


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_accesses_of_each_width_that_touch_a_range_are_seen(assembled: Any, width: int) -> None:
    letter = {1: "b", 2: "h", 4: "w", 8: "d"}[width]
    text = f"li s0, {DATA}\nli t0, 0x1122334455667788\n"
    text += "".join(f"s{letter} t0, {at}(s0)\nl{letter} t1, {at}(s0)\n" for at in range(16))
    machine = assembled(text + STOP)
    machine.watchpoints = [Watch(DATA + 5, 3, BOTH)]
    touching = [DATA + at for at in range(16) if at < 8 and at + width > 5]
    exits = stops(machine)
    assert seen(exits) == [(at, width, access) for at in touching for access in (WRITE, READ)]
    memory = bytearray(24)
    for at in range(16):
        before = bytes(memory[5:8])
        memory[at : at + width] = 0x1122334455667788.to_bytes(8, "little")[:width]
        for exit in exits:
            if exit.address == DATA + at:
                assert (exit.before if exit.access is WRITE else exit.after) == (
                    before if exit.access is WRITE else bytes(memory[5:8])
                )


@pytest.mark.parametrize("first", [0, 2, 4])
def test_an_access_across_the_end_of_a_page_is_seen_once(assembled: Any, first: int) -> None:
    text = f"li s0, {DATA - 4}\nli t0, -1\nsd t0, 0(s0)\nld t1, 0(s0)\nsw t0, 0(s0)\nlw t1, 0(s0)\n"
    machine = assembled(text + STOP)
    machine.watchpoints = [Watch(DATA - 4 + first, 1, BOTH)]
    expected = [(8, WRITE), (8, READ)] + [(4, WRITE), (4, READ)] * (first < 4)
    exits = stops(machine)
    assert [exit.access for exit in exits] == [access for _, access in expected]
    assert exits[0].before == b"\x00"
    assert exits[0].after == b"\xff"
    assert len({exit.pc for exit in exits}) == len(exits)


def test_an_instruction_that_reads_and_writes_stops_once(assembled: Any) -> None:
    text = f"li s0, {DATA}\nli t0, 3\namoadd.w t1, t0, (s0)\nlr.w t2, (s0)\nsc.w t3, t0, (s0)\nld t4, 0(s0)\n"
    for access, expected in ((BOTH, [BOTH, READ, BOTH, READ]), (WRITE, [WRITE, WRITE]), (READ, None)):
        machine = assembled(text + STOP)
        machine.watchpoints = [Watch(DATA, 4, access)]
        exits = stops(machine)
        if expected is not None:
            assert [exit.access and exit.access & WRITE for exit in exits] == [
                one & WRITE for one in expected
            ]
        assert machine.vcpus[0].arch.read_register("t4") == 3
        assert machine.vcpus[0].arch.read_register("t2") == 3


X86 = f"""
 mov rbx, {DATA & 0xFFFF:#x}
 mov rsp, {DATA & 0xFFFF:#x}
 lock xadd qword ptr [rbx - 4], rax
 add dword ptr [rbx - 2], 0x01020304
 push rax
 call next
next:
 movups xmm0, [rbx - 9]
 movups [rbx - 7], xmm0
 lea rsi, [rbx - 16]
 lea rdi, [rbx - 3]
 mov rcx, 9
 rep movsb
 mov dx, 0xf4
 hlt
"""


@pytest.mark.parametrize("at", range(-16, 9))
def test_x86_does_what_it_would_across_a_page(at: int) -> None:
    states = []
    for watched in (False, True):
        with Machine(MachineConfig(isa="x86_64", board="bare")) as machine:
            start = machine.vcpus[0].arch.pc
            code = assemble(find("x86_64"), X86, start)
            machine.memory.write(start, code)
            machine.memory.write((DATA & 0xFFFF) - 32, bytes(range(64)))
            machine.vcpus[0].arch.write_register("rax", 0x1111_2222_3333_4444)
            if watched:
                machine.watchpoints = [Watch((DATA & 0xFFFF) + at, 2, WRITE)]
            hits = 0
            while (outcome := machine.run(max_insns=30 - machine.retired)).ending is Ending.EXIT:
                hits += 1
                assert isinstance(outcome.exit, Debug)
                assert outcome.exit.after == machine.memory.read((DATA & 0xFFFF) + at, 2)
            states.append((machine.retired, machine.state_hash(), outcome.ending))
    assert states[0] == states[1]
    assert hits or at > 7


def test_ranges_of_one_page_are_told_apart_and_joined(assembled: Any) -> None:
    text = f"li s0, {DATA}\nli t0, 7\nsd t0, 0(s0)\nsb t0, 4(s0)\nsb t0, 12(s0)\nld t1, 8(s0)\n"
    machine = assembled(text + STOP)
    machine.watchpoints = [Watch(DATA, 2, BOTH), Watch(DATA + 4, 1, WRITE), Watch(DATA + 12, 2, READ)]
    assert [[hit.watched for hit in exit.hits] for exit in stops(machine)] == [
        [(DATA, 2), (DATA + 4, 1)],
        [(DATA + 4, 1)],
        [(DATA + 12, 2)],
    ]


def test_both_addresses_of_memory_that_has_two_are_watched(assembled: Any) -> None:
    text = f"li s0, {DATA}\nli s1, {DATA - 0x8000_0000}\nsw s0, 0(s0)\nsw s1, 4(s1)\nld t1, 0(s1)\n" + STOP
    for address in (DATA, DATA - 0x8000_0000):
        machine = assembled(text)
        machine.watchpoints = [Watch(address, 8, BOTH)]
        exits = stops(machine)
        assert [exit.access for exit in exits] == [WRITE, WRITE, READ]
        assert exits[-1].after == (DATA | (DATA - 0x8000_0000) << 32).to_bytes(8, "little")


def test_a_page_with_code_is_slow_and_says_so(assembled: Any) -> None:
    text = (
        "la s0, word\nlw t0, 0(s0)\naddi t0, t0, 1\nsw t0, 0(s0)\nlh t1, 2(s0)\n"
        + STOP
        + "\n.align 3\nword: .word 41, 0\n"
    )
    machine = assembled(text)
    address = 0x8000_0000 + machine.memory.read(0x8000_0000, 256).index(b"\x29\0\0\0\0\0\0\0")
    watch = Watch(address, 4, BOTH)
    machine.watchpoints = [watch]
    assert machine.slow_watchpoints == frozenset()
    exits = stops(machine)
    assert seen(exits) == [(address, 4, READ), (address, 4, WRITE), (address + 2, 2, READ)]
    assert (exits[1].before, exits[1].after) == (b"\x29\0\0\0", b"\x2a\0\0\0")
    assert machine.slow_watchpoints == frozenset({watch})
    machine.watchpoints = []
    assert machine.slow_watchpoints == frozenset()


LOOP = f"li s0, {DATA}\n1: addi t0, t0, 1\nsd t0, 0(s0)\nli t1, 50\nblt t0, t1, 1b\n" + STOP


def test_watchpoints_outlive_resets_restored_states_and_threads(assembled: Any) -> None:
    machine = assembled(LOOP)
    code = machine.memory.read(0x8000_0000, 256)
    machine.watchpoints = [Watch(DATA, 8, WRITE)]
    state = machine.save()
    assert len(stops(machine)) == 50
    machine.restore(state)
    assert machine.run(max_insns=1000).ending is Ending.EXIT
    elsewhere: list[Any] = []
    thread = threading.Thread(target=lambda: elsewhere.append(len(stops(machine))))
    thread.start()
    thread.join()
    assert elsewhere == [49]
    machine.reset()
    machine.memory.write(0x8000_0000, code)
    machine.forget_code()
    assert len(stops(machine)) == 50


def test_a_removed_watchpoint_is_gone(assembled: Any) -> None:
    machine = assembled(LOOP)
    machine.watchpoints = [Watch(DATA, 8, WRITE)]
    for _ in range(10):
        assert machine.run(max_insns=100).ending is Ending.EXIT
    machine.watchpoints = []
    assert stops(machine) == []
    assert machine.memory.read(DATA, 8) == (50).to_bytes(8, "little")


def test_every_vcpu_is_watched(assembled: Any) -> None:
    text = (
        f"csrr t0, mhartid\nli s0, {DATA}\nli t1, 1\n1: amoadd.w t2, t1, (s0)\nli t3, 40\nblt t2, t3, 1b\n"
        + STOP
    )
    with_watch = assembled(text, smp=2)
    with_watch.watchpoints = [Watch(DATA, 4, WRITE)]
    who = []
    while (outcome := with_watch.run(max_insns=100_000)).ending is Ending.EXIT:
        who.append(outcome.vcpu_id)
    assert set(who) >= {0}
    without = assembled(text, smp=2)
    assert without.run(max_insns=100_000).ending is outcome.ending
    assert without.retired == with_watch.retired
    assert without.state_hash() == with_watch.state_hash()


def test_a_guest_that_translates_is_watched_by_physical_address() -> None:
    guest = load_guest(GUESTS / "riscv64" / "paging")
    limit = guest.expect.max_instructions
    with Machine(guest.config()) as plain:
        expected = facts(plain, plain.run(max_insns=limit))
        addresses = places(plain)
    total = 0
    for address in addresses:
        with Machine(guest.config()) as machine:
            machine.watchpoints = [Watch(address, 8, BOTH)]
            count = 0
            while (outcome := machine.run(max_insns=limit)).ending is Ending.EXIT:
                count += 1
                if count == ENOUGH:
                    machine.watchpoints = []
            assert facts(machine, outcome) == expected, hex(address)
            total += count
    assert total


@pytest.mark.parametrize("cut", [1, 7, 64])
def test_budgets_that_end_anywhere_change_nothing(assembled: Any, cut: int) -> None:
    machine = assembled(LOOP)
    machine.watchpoints = [Watch(DATA, 8, WRITE)]
    counts = []
    while (outcome := machine.run(max_insns=cut)).ending in (Ending.EXIT, Ending.BUDGET):
        if outcome.ending is Ending.EXIT:
            counts.append(machine.retired)
    assert counts == [counts[0] + (counts[1] - counts[0]) * i for i in range(50)]


def test_what_cannot_be_watched_is_refused_and_changes_nothing(assembled: Any) -> None:
    machine = assembled(LOOP)
    kept = Watch(DATA, 8, WRITE)
    machine.watchpoints = [kept]
    for watch, error, text in (
        (Watch(DATA, 0, WRITE), ConfigError, "1 byte or more"),
        (Watch(DATA, 4, AccessFlags.EXECUTE), ConfigError, "READ, WRITE or both"),
        (Watch(DATA, 4, AccessFlags(0)), ConfigError, "READ, WRITE or both"),
        (Watch(0x1000_0000, 4, WRITE), AddressError, "no memory at 0x10000000"),
        (Watch(0x8000_0000 + machine.ram.size - 2, 4, WRITE), AddressError, "cannot watch"),
    ):
        with pytest.raises(error, match=text):
            machine.watchpoints = [watch]
        assert machine.watchpoints == frozenset({kept})
    assert len(stops(machine)) == 50
