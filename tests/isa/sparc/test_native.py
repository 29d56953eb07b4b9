"""Native SPARC: traps go where the manuals send them, from delay slots too; stops and starts lose no npc.

[V8], [V9] are The SPARC Architecture Manual, Versions 8 and 9.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import isa
from axvcpu.exits import GuestException
from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa.assembly import assemble
from isa.sparc.causes import GATE

from .conftest import CODE

Build = Callable[..., Machine]
BOTH = pytest.mark.parametrize("name", ["sparc", "sparc64"])
NOWHERE = 0x0800_0000
TABLE = 0x8000
SLEEP = bytes.fromhex("a7802000 01000000 01000000 01000000")
"""wr %g0, 0, %asr19: power-down in the vector, and more of the same, should anything go on."""
PSR_S, PSR_PS, PSR_ET = 0x80, 0x40, 0x20
DATA_ERROR = {"sparc": 0x29, "sparc64": 0x32}
UNALIGNED = {"sparc": 0x07, "sparc64": 0x34}


def with_table(machine: Machine, psr: int = 0xA0, wim: int = 0) -> None:
    """V8: a trap table in which every handler sleeps, and traps enabled."""
    machine.memory.write(TABLE, SLEEP * 256)
    vcpu = machine.vcpus[0]
    vcpu.write_register("tbr", TABLE)
    vcpu.write_register("wim", wim)
    vcpu.write_register("psr", psr)


SLOTS = [
    ("unimp 1\n nop", 0, 0x02),
    ("ba lab\n unimp 1\n nop\nlab: nop", 1, 0x02),
    ("call lab\n ta 5\n nop\nlab: nop", 1, 0x85),
    ("jmp %l1\n ld [%l2], %o0", 1, 0x07),
    ("ba lab\n udiv %g1, %g0, %g1\n nop\nlab: nop", 1, 0x2A),
    ("ba lab\n st %g1, [%l3]\n nop\nlab: nop", 1, 0x29),
    ("ba lab\n ld [%l3], %g1\n nop\nlab: nop", 1, 0x29),
]


@pytest.mark.parametrize(("text", "behind", "cause"), SLOTS, ids=[each[0] for each in SLOTS])
def test_a_trap_saves_pc_and_npc_and_turns_the_window(
    build: Build, text: str, behind: int, cause: int
) -> None:
    """[V8 7.1]: l1 and l2 of the window below, PS, S, ET, tt."""
    machine = build(text)
    vcpu = machine.vcpus[0]
    with_table(machine, psr=0xA0 | 3)
    target = CODE + 12
    for register, value in (("l1", target), ("l2", CODE + 2), ("l3", NOWHERE)):
        vcpu.write_register(register, value)
    assert machine.run(timeout=20).ending is Ending.BLOCKED
    read = vcpu.read_register
    pc = CODE + 4 * behind
    assert (read("l1"), read("l2")) == (pc, target if behind else pc + 4)
    assert read("tbr") == TABLE | cause << 4
    assert read("psr") & 0xFF == PSR_S | PSR_PS | 2
    assert read("pc") == (TABLE | cause << 4) + 4  # behind the power-down


@BOTH
@pytest.mark.parametrize("slot", [False, True])
def test_without_a_handler_a_trap_ends_the_run_and_says_where(build: Build, name: str, slot: bool) -> None:
    """Traps are disabled at power-on (V9: TL is MAXTL): error state [V8 7.2, V9 7.2.1.1]."""
    machine = build("ba lab\n ld [%l0], %g1\n nop\nlab: nop" if slot else "nop\n ld [%l0], %g1\n nop", name)
    vcpu = machine.vcpus[0]
    vcpu.write_register("l0", NOWHERE + 8)
    outcome = machine.run(timeout=20)
    assert outcome.ending is Ending.CRASHED
    exit = outcome.exit
    assert isinstance(exit, GuestException)
    assert (exit.vector, exit.pc, exit.fault_address) == (DATA_ERROR[name], CODE + 4, NOWHERE + 8)
    assert exit.name == "data_access_error"
    assert machine.retired == 1
    assert vcpu.read_register("npc") == CODE + (12 if slot else 8)
    assert machine.run(timeout=20).exit == exit  # nothing has changed: it fails there again


@BOTH
def test_an_unaligned_access_names_its_address(build: Build, name: str) -> None:
    machine = build("ldub [%g0], %g1\n ld [%l0 - 3], %g2", name)
    machine.vcpus[0].write_register("l0", 0x1000)
    exit = machine.run(timeout=20).exit
    assert isinstance(exit, GuestException)
    assert (exit.vector, exit.pc, exit.fault_address) == (UNALIGNED[name], CODE + 4, 0xFFD)


@BOTH
def test_a_run_may_stop_between_a_branch_and_its_slot(build: Build, name: str) -> None:
    """Also after somebody has looked at the state there, or has put it into another machine."""
    text = "or %g0, 1, %g2\n ba lab\n or %g0, 2, %g3\n or %g0, 3, %g2\nlab: or %g0, 4, %g4\n nop"
    machine, other = build(text, name), build(text, name)
    vcpu = machine.vcpus[0]
    machine.run(max_insns=2)
    assert (vcpu.read_register("pc"), vcpu.read_register("npc")) == (CODE + 8, CODE + 16)
    other.restore(machine.save())
    assert other.state_hash() == machine.state_hash()
    for each in (machine, other):
        each.run(max_insns=1)
        read = each.vcpus[0].read_register
        assert (read("pc"), read("npc"), read("g3")) == (CODE + 16, CODE + 20, 2)
        each.run(max_insns=1)
        assert (read("g2"), read("g4")) == (1, 4)


@BOTH
def test_a_jump_by_the_debugger_forgets_the_npc(build: Build, name: str) -> None:
    machine = build("ba lab\n nop\n or %g0, 3, %g2\nlab: nop\n nop", name)
    vcpu = machine.vcpus[0]
    machine.run(max_insns=1)
    assert vcpu.read_register("npc") == CODE + 12
    vcpu.write_register("pc", CODE + 8)
    machine.run(max_insns=2)
    assert (vcpu.read_register("g2"), vcpu.read_register("pc")) == (3, CODE + 16)


@BOTH
def test_a_call_to_the_vmm_goes_on_where_the_guest_says(build: Build, name: str) -> None:
    """In a slot, behind it comes the branch's target."""
    machine = build(
        f"or %g0, 1, %g1\n ba lab\n ta {GATE:#x}\n or %g0, 7, %g3\nlab: or %g0, 8, %g4\n nop", name
    )
    vcpu = machine.vcpus[0]
    vcpu.write_register("o0", 0xF0)
    vcpu.write_register("o1", 0x0F)
    machine.run(max_insns=4)
    read = vcpu.read_register
    assert (read("o0"), read("g3"), read("g4")) == (0xFF, 0, 8)
    assert machine.exits["Hypercall"] == 1


def test_the_call_is_the_guest_s_own_from_a_user(build: Build) -> None:
    machine = build(f"ta {GATE:#x}\n nop")
    with_table(machine, psr=PSR_ET)
    assert machine.run(timeout=20).ending is Ending.BLOCKED
    assert machine.vcpus[0].read_register("tbr") == TABLE | (0x80 + GATE) << 4
    assert machine.vcpus[0].read_register("psr") & 0xC0 == PSR_S
    assert "Hypercall" not in machine.exits


def test_a_user_s_privileged_instruction_is_refused(build: Build) -> None:
    machine = build("rd %psr, %g1\n nop")
    with_table(machine, psr=PSR_ET)
    machine.run(timeout=20)
    assert machine.vcpus[0].read_register("tbr") == TABLE | 0x03 << 4


WINDOWS = [("save", 1, 0x05, 0), ("restore", 1, 0x06, 2)]


@pytest.mark.parametrize(("text", "window", "cause", "neighbour"), WINDOWS)
def test_windows_overflow_and_underflow(
    build: Build, text: str, window: int, cause: int, neighbour: int
) -> None:
    """[V8 B.20]: the trap comes where WIM forbids the window that the instruction would go to."""
    machine = build(f"{text}\n nop")
    with_table(machine, psr=0xA0 | window, wim=1 << neighbour)
    machine.run(timeout=20)
    read = machine.vcpus[0].read_register
    assert read("tbr") == TABLE | cause << 4
    assert (read("psr") & 7, read("l1"), read("l2")) == (window - 1, CODE, CODE + 4)


@pytest.mark.parametrize(
    ("line", "psr", "taken"),
    [
        (3, 0xA0, True),
        (3, 0xA0 | 2 << 8, True),
        (3, 0xA0 | 3 << 8, False),
        (3, 0x80, False),  # traps disabled
        (15, 0xA0 | 15 << 8, True),  # not maskable
        (15, 0x80, False),
    ],
)
def test_an_interrupt_is_taken_above_pil(build: Build, line: int, psr: int, taken: bool) -> None:
    """[V8 7.3]."""
    machine = build("lab: ba lab\n inc %g1")
    with_table(machine, psr=psr | 4)
    vcpu = machine.vcpus[0]
    machine.run(max_insns=3)
    vcpu.arch.set_line(line, True)
    outcome = machine.run(max_insns=1000)
    read = vcpu.read_register
    assert outcome.ending is (Ending.BLOCKED if taken else Ending.BUDGET)
    if taken:
        assert read("tbr") == TABLE | (0x10 + line) << 4
        assert (read("l1"), read("l2")) == (CODE + 4, CODE)  # in the slot
        assert read("psr") & 0xFF == PSR_S | PSR_PS | 3


def test_the_highest_of_two_interrupts_comes_first_and_the_other_when_it_can(build: Build) -> None:
    machine = build("lab: ba lab\n nop")
    vcpu = machine.vcpus[0]
    with_table(machine, psr=0xA0 | 4)
    # level 12's handler: lets everything in again and waits; level 5's sleeps
    handler = bytes.fromhex("818c2020 01000000 10800000 01000000")  # wr %l0 ^ ET, %psr; ba .
    machine.memory.write(TABLE + 0x1C0, bytes.fromhex("a1480000") + handler[:4] + handler[8:])
    vcpu.arch.set_line(5, True)
    vcpu.arch.set_line(12, True)
    machine.run(max_insns=10)
    assert vcpu.read_register("tbr") == TABLE | 0x1C << 4
    vcpu.arch.set_line(12, False)
    assert machine.run(timeout=20).ending is Ending.BLOCKED
    assert vcpu.read_register("tbr") == TABLE | 0x15 << 4


@pytest.mark.parametrize("slot", [False, True])
def test_power_down_ends_with_an_interrupt_and_goes_on_behind(build: Build, slot: bool) -> None:
    machine = build("ba lab\n wr %g0, %asr19\n nop\nlab: nop" if slot else "nop\n wr %g0, %asr19\n nop\n nop")
    with_table(machine, psr=0xA0 | 4)
    vcpu = machine.vcpus[0]
    assert machine.run(timeout=20).ending is Ending.BLOCKED
    behind = CODE + (12 if slot else 8)
    assert (vcpu.read_register("pc"), machine.retired) == (behind, 2)
    vcpu.arch.set_line(9, True)
    machine.run(timeout=20)
    read = vcpu.read_register
    assert (read("tbr"), read("l1"), read("l2")) == (TABLE | 0x19 << 4, behind, behind + 4)


V9_TRAPS = [
    ("ba lab\n ta 5\n nop\nlab: nop", 1, 0x105),
    ("ba lab\n unimp 1\n nop\nlab: nop", 1, 0x10),
    ("save\n nop", 0, 0x80),
    ("restore\n nop", 0, 0xC0),
]


@pytest.mark.parametrize(("text", "behind", "cause"), V9_TRAPS)
def test_v9_saves_its_state_at_the_next_trap_level(build: Build, text: str, behind: int, cause: int) -> None:
    """[V9 7.6.1]: TL, TT, TPC, TNPC, TSTATE, and the vector; spill and fill turn the window too."""
    machine = build(text, "sparc64")
    vcpu = machine.vcpus[0]
    spin = bytes.fromhex("10800000 01000000")  # ba .; nop
    machine.memory.write(0x8000, spin * 0x1000)
    for register, value in (("tba", 0x8000), ("tl", 0), ("pstate", 0x14), ("cwp", 2), ("asi", 0x80)):
        vcpu.write_register(register, value)
    vcpu.write_register("ccr", 0x5A)
    machine.run(max_insns=40)
    read = vcpu.read_register
    pc = CODE + 4 * behind
    assert (read("tl"), read("tt"), read("tpc")) == (1, cause, pc)
    assert read("tnpc") == (CODE + 12 if behind else pc + 4)
    assert read("tstate") == 0x5A << 32 | 0x80 << 24 | 0x14 << 8 | 2
    assert read("pc") & ~7 == 0x8000 + 32 * cause
    assert read("pstate") == 0x15  # alternate globals, interrupts off
    assert read("cwp") == {0x80: 4, 0xC0: 1}.get(cause, 2)


@pytest.mark.parametrize(
    ("pil", "pstate", "taken"), [(0, 0x16, True), (9, 0x16, True), (10, 0x16, False), (0, 0x14, False)]
)
def test_v9_takes_an_interrupt_above_pil_while_enabled(
    build: Build, pil: int, pstate: int, taken: bool
) -> None:
    machine = build("lab: ba lab\n nop", "sparc64")
    vcpu = machine.vcpus[0]
    machine.memory.write(0x8000, bytes.fromhex("10800000 01000000") * 0x1000)
    for register, value in (("tba", 0x8000), ("tl", 0), ("pstate", pstate), ("pil", pil)):
        vcpu.write_register(register, value)
    machine.run(max_insns=3)
    vcpu.arch.set_line(10, True)
    machine.run(max_insns=100)
    read = vcpu.read_register
    assert read("tl") == int(taken)
    if taken:
        assert (read("tt"), read("tpc"), read("tnpc")) == (0x4A, CODE + 4, CODE)


@BOTH
def test_two_vcpus_keep_their_windows_and_their_places_apart(name: str) -> None:
    """Each counts in its own registers; their turns end anywhere."""
    text = "lab: add %l0, %o0, %l0\n inc %g1\n ba lab\n inc %i3"
    with Machine(MachineConfig(isa=name, board="bare", smp=2)) as machine:
        machine.memory.write(CODE, assemble(isa.find(name), text, CODE))
        for number, vcpu in enumerate(machine.vcpus):
            vcpu.set_entry(CODE)
            vcpu.write_register("o0", number + 1)
        machine.run(max_insns=200_001)
        for number, vcpu in enumerate(machine.vcpus):
            read = vcpu.read_register
            assert read("l0") in (read("g1") * (number + 1), (read("g1") + 1) * (number + 1))
            assert read("g1") - read("i3") in (0, 1)
            assert read("g1") > 1000
