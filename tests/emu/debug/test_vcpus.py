from pathlib import Path

import pytest

from axvcpu.states import BlockReason, VCpuState
from emu.config import MachineConfig
from emu.debug.vcpus import interrupts, line_name, vcpu_view
from emu.guest import load_guest
from emu.machine import Machine
from isa import registry

GUESTS = Path(__file__).parents[3] / "guests"
MTIP, MEIP, SEIP = 1 << 7, 1 << 11, 1 << 9
ISAS = (
    *(
        "riscv64",
        "riscv32",
        "aarch64",
        "arm",
        "i386",
        "x86_64",
        "mips",
        "mipsel",
        "mips64",
        "mips64el",
        "ppc",
        "ppc64",
    ),
    *("sparc", "sparc64", "m68k", "s390x", "tricore"),
)


def told(name, lines, /, seen=0, **registers):
    return interrupts(registry.find(name), registers.__getitem__, lines, seen)


@pytest.mark.parametrize("name", ISAS)
def test_every_instruction_set_has_a_view_of_its_vcpus_that_changes_nothing(name):
    with Machine(MachineConfig(isa=name, board="bare", ram=1 << 20)) as machine:
        lines = machine.isa.lines
        machine.line(0, lines.external).set(True)
        before = machine.state_hash()
        view = vcpu_view(machine, 0)
        assert machine.state_hash() == before
        assert (view.number, view.state, view.block, view.pc) == (
            0,
            VCpuState.READY,
            None,
            machine.vcpus[0].arch.pc,
        )
        assert view.lines == ("external",)
        assert view.interrupts.pending
        assert view.interrupts.open is not None
        machine.line(0, lines.external).set(False)
        assert vcpu_view(machine, 0).interrupts.pending == ()


def test_a_cortex_m_shows_its_own_controller():
    with Machine(MachineConfig(isa="arm", cpu="cortex-m3", board="bare", ram=1 << 20)) as machine:
        view = vcpu_view(machine, 0)
        assert (view.privilege, view.mode, view.interrupts.open) == ("privileged", "thread", True)


def test_a_halted_vcpu_says_what_it_waits_for_and_what_could_wake_it():
    with Machine(load_guest(GUESTS / "riscv64/uart-echo").config()) as machine:
        machine.run(max_insns=100_000)
        view = vcpu_view(machine, 0)
        assert (view.state, view.block) == (VCpuState.BLOCKED, BlockReason.HALT)
        assert view.privilege == "machine" and view.mode == "bare"
        assert view.interrupts.enabled == ("machine external interrupt",)


@pytest.mark.parametrize(
    ("registers", "reason", "is_open"),
    [
        ({"mie": 0, "mstatus": 8, "priv": 3}, "not enabled in mie", True),
        ({"mie": MTIP, "mstatus": 0, "priv": 3}, "mstatus.MIE is 0", False),
        ({"mie": MTIP, "mstatus": 8, "priv": 3}, "", True),
        ({"mie": MTIP, "mstatus": 0, "priv": 1}, "", True),
    ],
)
def test_why_a_machine_interrupt_waits(registers, reason, is_open):
    found = told("riscv64", MTIP, mip=0, mideleg=0, **registers)
    assert found.pending == ("machine timer interrupt",)
    assert (found.reason, found.open) == (reason, is_open)


@pytest.mark.parametrize(
    ("priv", "mstatus", "reason"),
    [
        (3, 8, "delegated to supervisor mode, and this is machine mode"),
        (1, 0, "mstatus.SIE is 0"),
        (1, 2, ""),
        (0, 0, ""),
    ],
)
def test_why_a_delegated_interrupt_waits(priv, mstatus, reason):
    found = told("riscv64", SEIP, mip=0, mie=SEIP, mideleg=SEIP, priv=priv, mstatus=mstatus)
    assert found.pending == ("supervisor external interrupt",)
    assert found.reason == reason


def test_what_software_made_pending_counts_beside_the_lines():
    found = told("riscv64", MEIP, mip=1 << 1, mie=0, mideleg=0, priv=3, mstatus=0)
    assert found.pending == ("machine external interrupt", "supervisor software interrupt")


def test_other_instruction_sets_have_a_gate_or_a_level():
    assert told("x86_64", 2, eflags=2).reason == "eflags.IF is 0"
    assert told("x86_64", 2, eflags=0x202).reason == ""
    assert told("aarch64", 2, cpsr=0x3C5).reason == "PSTATE.I is 1"
    assert told("m68k", 1 << 4, sr=0x2700).reason == "the CPU's level is 7"
    assert told("m68k", 1 << 4, sr=0x2000) == interrupts(
        registry.find("m68k"), {"sr": 0x2000}.__getitem__, 16, 16
    )
    assert told("mips", 0x80, status=0x8001, cause=0).reason == ""
    assert told("mips", 0x80, status=0x0001, cause=0).reason == "not enabled in Status.IM"
    assert told("mips", 0x80, status=0x8003, cause=0).reason == "Status.EXL or ERL is 1"
    assert told("mips", 0, status=0, cause=0).reason == ""


def test_lines_have_the_names_of_machine_bare_or_of_the_manual():
    isa = registry.find("riscv64")
    assert [line_name(isa, number) for number in (7, 11, 3, 9, 2)] == [
        "timer",
        "external",
        "software",
        "supervisor external interrupt",
        "line 2",
    ]
