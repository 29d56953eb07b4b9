"""Native AArch64: exceptions go where the manual sends them, with its syndromes; interrupts are taken when it says.

[arm] is the Arm Architecture Reference Manual for A-profile (DDI 0487).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from axvcpu.exits import GuestException, Hypercall, SysRegRead, SysRegWrite
from emu.event import Event
from emu.machine import Machine
from emu.outcome import Ending

Build = Callable[..., Machine]
CODE, VECTORS, NOWHERE = 0x10000, 0x20000, 0x0800_0000
IL = 1 << 25
MODES = (0x0, 0x5, 0x9, 0xD)
LEVELS = pytest.mark.parametrize("level", [0, 1, 2, 3])
SYNCHRONOUS_SAME, IRQ_SAME, FIQ_SAME, SYNCHRONOUS_LOWER, IRQ_LOWER = (
    4,
    5,
    6,
    8,
    9,
)  # entries of a vector table
TIMER, EXTERNAL, SOFTWARE, FIQ = 0, 1, 2, 3


def ran(machine: Machine) -> dict[str, int]:
    """Run until the handler sleeps; what it noted."""
    assert machine.run(timeout=30, max_insns=10_000).ending is Ending.BLOCKED
    read = machine.vcpus[0].read_register
    names = {"vector": "x20", "esr": "x21", "elr": "x22", "spsr": "x23", "far": "x24"}
    return {name: read(register) for name, register in names.items()}


def exit_of(machine: Machine) -> object:
    """The first thing that it leaves the guest for."""
    return machine.run(timeout=30, max_insns=10_000, until=lambda exit: True).exit


CAUSES = [
    # text, class and syndrome, offset of the return address, FAR_ELx
    (".long 0x00000123", 0x00 << 26, 4, None),
    ("svc #0x1234", 0x15 << 26 | 0x1234, 8, None),
    ("brk #0x77", 0x3C << 26 | 0x77, 4, None),
    ("ldr x0, [x1]", "data 0x10", 4, NOWHERE),
    ("ldp x0, x2, [x1, #-16]", "data 0x10", 4, NOWHERE - 16),
    ("ldr w0, [x1, w3, sxtw #2]", "data 0x10", 4, NOWHERE - 64),
    ("str x0, [x1, #8]!", "data 0x50", 4, NOWHERE + 8),
    ("str x0, [x1], #8", "data 0x50", 4, NOWHERE),
    ("ldxr x0, [x4]", "data 0x21", 4, NOWHERE + 1),
    ("stlr x0, [x4]", "data 0x50", 4, NOWHERE + 1),
    ("br x1", "fetch 0x10", None, NOWHERE),
    ("br x4", 0x22 << 26, None, NOWHERE + 1),
    ("mrs x0, icc_iar1_el1", 0x00 << 26, 4, None),
]


@LEVELS
@pytest.mark.parametrize(("text", "syndrome", "offset", "address"), CAUSES, ids=[each[0] for each in CAUSES])
def test_an_exception_sets_what_the_manual_says(
    build: Build, level: int, text: str, syndrome: int | str, offset: int | None, address: int | None
) -> None:
    """[arm D1.3, D17.2.37]: class and syndrome, return address, status, fault address, and the vector by level."""
    machine = build(f"nop\n{text}\nwfi", level)
    vcpu = machine.vcpus[0]
    for name, value in (("x1", NOWHERE), ("x3", (1 << 32) - 16), ("x4", NOWHERE + 1), ("sp", 0x8000)):
        vcpu.write_register(name, value)
    found = ran(machine)
    lower = level == 0
    if isinstance(syndrome, str):
        kind, status = syndrome.split()
        syndrome = {"data": 0x24, "fetch": 0x20}[kind] + (not lower) << 26 | int(status, 16)
    assert found["esr"] == syndrome | IL
    assert found["vector"] == (SYNCHRONOUS_LOWER if lower else SYNCHRONOUS_SAME)
    assert found["elr"] == (address if offset is None else CODE + offset)
    assert found["spsr"] & 0xF_FFFF == 0x3C0 | MODES[level]
    if address is not None:
        assert found["far"] == address
    assert vcpu.read_register("currentel") >> 2 == max(level, 1)


def test_a_call_goes_up_to_the_level_it_is_for(build: Build) -> None:
    """[arm D1.3.5]: HVC to EL2, SMC to EL3, with their immediates; hvc #0 is the VMM's at EL1 only."""
    found = ran(build("hvc #5", 1))
    assert (found["esr"], found["vector"], found["elr"]) == (0x16 << 26 | IL | 5, SYNCHRONOUS_LOWER, CODE + 4)
    found = ran(build("hvc #0", 2))
    assert (found["esr"], found["vector"]) == (0x16 << 26 | IL, SYNCHRONOUS_SAME)
    machine = build("smc #3", 1)
    assert ran(machine)["esr"] == 0x17 << 26 | IL | 3
    assert machine.vcpus[0].read_register("currentel") >> 2 == 3


def test_hvc_0_at_el1_is_a_call_to_the_vmm(build: Build) -> None:
    machine = build("mov x1, #1\n mov x6, #6\n hvc #0\n wfi", 1)
    machine.vcpus[0].write_register("x0", 0x99)
    assert exit_of(machine) == Hypercall(0x99, (1, 0, 0, 0, 0, 6))
    machine.vcpus[0].set_return_value(7)
    assert machine.run(timeout=30).ending is Ending.BLOCKED
    assert machine.vcpus[0].read_register("x0") == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mrs x3, icc_iar1_el1", SysRegRead(0xC660, 3)),
        ("msr icc_eoir1_el1, x3", SysRegWrite(0xC661, 0x1234)),
        ("msr icc_sgi1r_el1, xzr", SysRegWrite(0xC65D, 0)),
    ],
)
def test_a_register_of_an_absent_interrupt_controller_is_an_exit(
    build: Build, text: str, expected: object
) -> None:
    machine = build(f"nop\n{text}\nadd x4, x3, #1\nwfi")
    vcpu = machine.vcpus[0]
    vcpu.write_register("x3", 0x1234)
    assert exit_of(machine) == expected
    assert (vcpu.arch.pc, vcpu.arch.retired) == (CODE + 4, 1)
    vcpu.arch.complete(0x42)
    assert machine.run(timeout=30).ending is Ending.BLOCKED
    assert vcpu.arch.retired == 4
    assert vcpu.read_register("x4") == (0x43 if isinstance(expected, SysRegRead) else 0x1235)


def test_without_a_vector_an_exception_ends_the_run(build: Build) -> None:
    for text, number, name, address in (
        ("ldr x0, [x1]", 0x25, "data abort", NOWHERE),
        (".long 0", 0, "undefined instruction", CODE + 4),
        ("br x1", 0x21, "instruction abort", NOWHERE),
    ):
        machine = build(f"nop\n{text}", vectors=False)
        machine.vcpus[0].write_register("x1", NOWHERE)
        pc = NOWHERE if text.startswith("br") else CODE + 4
        assert exit_of(machine) == GuestException(number, name, pc, address)


def test_a_vector_that_traps_at_once_is_a_trap_loop(build: Build) -> None:
    machine = build(".long 0", vectors=False)
    machine.vcpus[0].write_register("vbar_el1", 0x30000)
    exit = exit_of(machine)
    assert isinstance(exit, GuestException) and exit.trap_loop and exit.pc == 0x30200


WAIT = "msr daifclr, #{clear}\nagain: add x0, x0, #1\n b again"


@LEVELS
@pytest.mark.parametrize("line", [TIMER, EXTERNAL, SOFTWARE, FIQ])
def test_a_line_is_an_interrupt_at_the_current_level_or_above(build: Build, level: int, line: int) -> None:
    """[arm D1.3.2]: routed to EL1, or by HCR_EL2 and SCR_EL3 to where the CPU is."""
    machine = build(WAIT.format(clear=3) if level else "again: add x0, x0, #1\n b again", level)
    vcpu = machine.vcpus[0]
    if level == 0:
        vcpu.write_register("cpsr", 0)
    if level == 2:
        vcpu.write_register("hcr_el2", vcpu.read_register("hcr_el2") | 1 << 4 | 1 << 3)  # IMO, FMO
    if level == 3:
        vcpu.write_register("scr_el3", vcpu.read_register("scr_el3") | 1 << 2 | 1 << 1)  # FIQ, IRQ
    machine.run(timeout=30, max_insns=100)
    before = vcpu.arch.pc
    vcpu.inject_interrupt(line)
    machine.run(timeout=30, max_insns=5)
    vcpu.arch.set_line(line, False)
    found = ran(machine)
    entry = IRQ_LOWER if level == 0 else IRQ_SAME
    assert found["vector"] == entry + (line == FIQ)
    assert found["elr"] == before
    assert vcpu.read_register("daif") == 0x3C0


def test_a_masked_interrupt_waits_for_the_instruction_that_lets_it_in(build: Build) -> None:
    machine = build("mov x1, #10\nagain: sub x1, x1, #1\n cbnz x1, again\n msr daifclr, #2\n nop\n wfi")
    machine.vcpus[0].inject_interrupt(EXTERNAL)
    machine.run(timeout=30, max_insns=22)
    assert machine.vcpus[0].arch.pc == VECTORS + 0x1000 + 0x280
    assert machine.vcpus[0].read_register("elr_el1") == CODE + 16


def test_a_pending_interrupt_ends_wfi_even_while_masked(build: Build) -> None:
    """[arm D1.6.1]."""
    machine = build("wfi\n mov x0, #1\n wfi\n mov x0, #2\n rest: b rest")
    assert machine.run(timeout=30).ending is Ending.BLOCKED
    machine.vcpus[0].inject_interrupt(TIMER)
    machine.run(timeout=30, max_insns=20)
    assert machine.vcpus[0].read_register("x0") == 2


def test_events_tell_of_traps_and_interrupts(build: Build) -> None:
    machine = build("svc #1")
    seen: list[Event] = []
    machine.listen(seen.append, kinds=("trap", "interrupt"))
    ran(machine)
    assert [(each.kind, each.pc) for each in seen] == [("trap", CODE + 4)]
    assert "supervisor call (SVC)" in seen[0].text and "to level 1" in seen[0].text
    machine = build(WAIT.format(clear=2))
    seen.clear()
    machine.listen(seen.append, kinds=("interrupt",))
    machine.run(timeout=30, max_insns=10)
    machine.vcpus[0].inject_interrupt(TIMER)
    machine.run(timeout=30, max_insns=5)
    assert [each.text for each in seen] == ["IRQ, taken at level 1"]


def test_a_hypervisor_s_virtual_interrupt_reaches_its_guest(build: Build) -> None:
    machine = build(WAIT.format(clear=2))
    vcpu = machine.vcpus[0]
    vcpu.write_register("hcr_el2", vcpu.read_register("hcr_el2") | 1 << 7 | 1 << 4)  # VI, IMO
    machine.run(timeout=30, max_insns=20)
    assert vcpu.arch.pc & ~0x7F == VECTORS + 0x1000 + 0x280


def test_a_hardware_breakpoint_does_not_outlive_its_guest(build: Build) -> None:
    machine = build(
        "adr x0, here\n msr dbgbvr0_el1, x0\n mov x0, #0x1e7\n msr dbgbcr0_el1, x0\n mov x1, #1\n lsl x1, x1, #15\n"
        " msr mdscr_el1, x1\n isb\nhere: mov x2, #5\n wfi"
    )
    assert machine.run(timeout=30, max_insns=100).ending is Ending.BLOCKED
    assert machine.vcpus[0].read_register("x2") == 5
    assert machine.vcpus[0].read_register("dbgbcr0_el1") == 0x1E7


@pytest.mark.parametrize(
    ("code", "thumb", "after"),
    [
        ((0xE3A0_0005, 0xE280_0002, 0xEF00_0011), 0, 12),  # mov r0, #5; add r0, r0, #2; svc #17
        ((0x3002_2005, 0xDF11), 1, 6),  # the same in T32
    ],
)
def test_aarch32_at_el0_runs_is_cut_and_traps(
    build: Build, code: tuple[int, ...], thumb: int, after: int
) -> None:
    """[arm D1.3, G1]: a program of 32 bits under a kernel of 64."""
    for cut in (1, 2, 100):
        machine = build("msr spsr_el1, x1\n msr elr_el1, x2\n eret")
        machine.memory.write(0x9000, b"".join(word.to_bytes(4, "little") for word in code))
        vcpu = machine.vcpus[0].arch
        vcpu.write_register("x1", 0x10 | thumb << 5)
        vcpu.write_register("x2", 0x9000)
        for _ in range(20):
            if machine.run(timeout=30, max_insns=cut).ending is Ending.BLOCKED:
                break
            if 0x9000 <= vcpu.pc < 0x9000 + after:
                assert vcpu.read_register("cpsr") & 0x1F == 0x10
                assert vcpu.read_register("currentel") == 0
        found = ran(machine)
        assert vcpu.read_register("x0") == 7
        assert (found["esr"] >> 26, found["esr"] & 0xFFFF, found["elr"]) == (0x11, 17, 0x9000 + after)
        assert (found["vector"], found["spsr"] & 0x3F) == (12, 0x10 | thumb << 5)
