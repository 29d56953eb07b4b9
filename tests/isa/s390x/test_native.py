"""Native z/Architecture: interruptions swap PSWs and store their codes where the manual says; waiting, exact counting.

[PoP] is z/Architecture Principles of Operation (SA22-7832-12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa.s390x.state import PSW_EXTERNAL, PSW_PROBLEM, PSW_WAIT

CODE, HANDLER, NOWHERE = 0x1_0000, 0x2_0000, 0x0800_0000
MASK = 0x1_8000_0000
LOOP, NOP = "a7f40000", "0700"  # j .; nopr
CLOCK, SERVICE, EMERGENCY = 0x800, 0x200, 0x4000  # masks in control register 0
Build = Callable[..., Machine]


@pytest.fixture
def build() -> Iterator[Build]:
    made: list[Machine] = []

    def one(code: str, new: str = "program", **registers: int) -> Machine:
        """`code`, in hex, at CODE; a new PSW that leads to a loop at HANDLER, and that is the only one."""
        machine = Machine(MachineConfig(isa="s390x", board="bare"))
        made.append(machine)
        machine.memory.write(CODE, bytes.fromhex(code + LOOP))
        machine.memory.write(HANDLER, bytes.fromhex(LOOP))
        at = {"external": 0x1B0, "call": 0x1C0, "program": 0x1D0}
        if new:
            machine.memory.write(at[new], MASK.to_bytes(8, "big") + HANDLER.to_bytes(8, "big"))
        machine.vcpus[0].set_entry(CODE)
        machine.settle()
        for name, value in registers.items():
            machine.vcpus[0].arch.write_register(name, value)
        return machine

    yield one
    for machine in made:
        machine.close()


def read(machine: Machine, *names: str) -> list[int]:
    return [machine.vcpus[0].arch.read_register(name) for name in names]


def memory(machine: Machine, at: int, size: int) -> int:
    return int.from_bytes(machine.memory.read(at, size), "big")


CAUSES = [
    # code, program interruption code, length
    ("0000", 1, 2),
    ("b2ff0000", 1, 4),
    ("e300000000ff", 1, 6),
    ("1d12", 6, 2),  # dr 1, 2
    ("1d02", 9, 2),  # dr 0, 2 by zero
    ("e32060000004", 5, 6),  # lg 2, 0(6)
    ("50206008", 5, 4),  # st 2, 8(6)
    ("d20760005000", 5, 6),  # mvc 0(8, 6), 0(5)
    ("ba236001", 6, 4),  # cs 2, 3, 1(6)
]


@pytest.mark.parametrize(("code", "number", "length"), CAUSES)
def test_program_interruptions(build: Build, code: str, number: int, length: int) -> None:
    machine = build(NOP + code, r6=NOWHERE, r5=0x3000, r0=0, r1=7, r2=0)
    machine.run(max_insns=3)
    assert read(machine, "pc", "pswm") == [HANDLER, MASK]
    assert memory(machine, 0x8E, 2) == number
    assert memory(machine, 0x8C, 2) == length
    assert memory(machine, 0x150, 8) == MASK
    assert memory(machine, 0x158, 8) == CODE + 2 + length
    assert machine.retired == 3


def test_the_condition_code_is_in_the_old_psw(build: Build) -> None:
    for value, condition in ((5, 0), (4, 1), (6, 2)):
        machine = build("a71e0005" + "0000", r1=value)  # chi 1, 5
        assert read(machine, "pswm") == [MASK]
        machine.run(max_insns=2)
        assert memory(machine, 0x150, 8) == MASK | condition << 44


def test_the_condition_code_is_in_the_psw_at_any_stop(build: Build) -> None:
    machine = build("a71e0005" + "a71e0006" + "a71e0004", r1=5)
    seen = []
    for _ in range(3):
        machine.run(max_insns=1)
        seen.append(read(machine, "pswm")[0] >> 44 & 3)
    assert seen == [0, 1, 2]
    machine.vcpus[0].arch.write_register("pswm", MASK | 3 << 44)
    assert read(machine, "pswm") == [MASK | 3 << 44]
    machine.memory.write(CODE + 12, bytes.fromhex("b2220020" + LOOP))  # ipm 2
    machine.vcpus[0].arch.forget_code()
    machine.run(max_insns=1)
    assert read(machine, "r2")[0] >> 28 & 3 == 3


def test_a_supervisor_call_stores_its_number(build: Build) -> None:
    machine = build("0a2a", "call")
    machine.run(max_insns=2)
    assert read(machine, "pc") == [HANDLER]
    assert (memory(machine, 0x88, 2), memory(machine, 0x8A, 2)) == (2, 42)
    assert (memory(machine, 0x140, 8), memory(machine, 0x148, 8)) == (MASK, CODE + 2)


def test_an_executed_supervisor_call_is_as_long_as_the_execute(build: Build) -> None:
    machine = build("44100010" + LOOP + "00" * 8 + "0a00", "call", r1=42)  # ex 1, 16(0): not the base
    machine.memory.write(0x10, bytes.fromhex("0a00"))
    machine.run(max_insns=3)
    assert (memory(machine, 0x88, 2), memory(machine, 0x8A, 2)) == (4, 42)
    assert memory(machine, 0x148, 8) == CODE + 4


def test_calls_to_the_vmm_are_svc_255_of_the_supervisor(build: Build) -> None:
    machine = build("0aff", "call", r1=1, r2=0x1234, r3=0xFF)
    machine.run(max_insns=2)
    assert read(machine, "r2", "pc") == [0x1234 ^ 0xFF, CODE + 2]
    machine = build("0aff", "call", r1=1, r2=0x1234, r3=0xFF, pswm=MASK | PSW_PROBLEM)
    machine.run(max_insns=2)
    assert read(machine, "r2", "pc") == [0x1234, HANDLER]
    assert memory(machine, 0x140, 8) == MASK | PSW_PROBLEM


def test_a_program_may_not_use_what_is_the_supervisor_s(build: Build) -> None:
    machine = build("eb110000002f", pswm=MASK | PSW_PROBLEM)  # lctlg
    machine.run(max_insns=2)
    assert memory(machine, 0x8E, 2) == 2
    assert memory(machine, 0x150, 8) == MASK | PSW_PROBLEM


def test_without_a_new_psw_the_run_ends(build: Build) -> None:
    outcome = build(NOP + "1d02", "", r0=0, r1=7, r2=0).run(max_insns=10)
    assert (outcome.ending, outcome.pc) == (Ending.CRASHED, CODE + 2)
    assert "fixed point divide" in outcome.text


def test_a_handler_that_traps_at_once_is_a_loop(build: Build) -> None:
    machine = build("0000")
    machine.memory.write(HANDLER, b"\0\0")
    assert machine.run(max_insns=100).ending is Ending.TRAP_LOOP


@pytest.mark.parametrize(
    ("name", "code", "mask"),
    [("timer", 0x1004, CLOCK), ("external", 0x2401, SERVICE), ("software", 0x1201, EMERGENCY)],
)
def test_external_interruptions_wait_for_psw_and_control_register(
    build: Build, name: str, code: int, mask: int
) -> None:
    machine = build("", "external", cr0=0xE0)
    arch = machine.vcpus[0].arch
    assert machine.isa.lines is not None
    arch.set_line(getattr(machine.isa.lines, name), True)
    machine.run(max_insns=5)
    assert read(machine, "pc") == [CODE]
    arch.write_register("pswm", MASK | PSW_EXTERNAL)
    machine.run(max_insns=5)
    assert read(machine, "pc") == [CODE]
    arch.write_register("cr0", 0xE0 | mask)
    machine.run(max_insns=5)
    assert read(machine, "pc") == [HANDLER]
    assert memory(machine, 0x86, 2) == code
    assert (memory(machine, 0x130, 8), memory(machine, 0x138, 8)) == (MASK | PSW_EXTERNAL, CODE)


def test_an_interruption_that_software_lets_in_is_taken_there(build: Build) -> None:
    code = "a7290001" + "ad013000" + "a7290002"  # lghi 2, 1; stosm 0(3), 1; lghi 2, 2
    machine = build(code, "external", r3=0x3000, cr0=0xE0 | SERVICE)
    arch = machine.vcpus[0].arch
    assert machine.isa.lines is not None
    arch.set_line(machine.isa.lines.external, True)
    machine.run(max_insns=10)
    assert read(machine, "pc", "r2") == [HANDLER, 1]
    assert memory(machine, 0x138, 8) == CODE + 8


WAIT = "b2b23000" + "a7290009"  # lpswe 0(3); lghi 2, 9


@pytest.mark.parametrize("slice_", [1, 2, 1000])
def test_a_disabled_wait_is_for_ever(build: Build, slice_: int) -> None:
    machine = build(WAIT, r3=0x3000, r2=0)
    machine.memory.write(0x3000, (MASK | PSW_WAIT).to_bytes(8, "big") + (CODE + 4).to_bytes(8, "big"))
    outcome = machine.run(max_insns=slice_)
    while outcome.ending is Ending.BUDGET:
        outcome = machine.run(max_insns=slice_)
    assert outcome.ending is Ending.BLOCKED
    assert (machine.retired, *read(machine, "pc", "r2")) == (1, CODE + 4, 0)


def test_an_enabled_wait_ends_at_an_interruption(build: Build) -> None:
    code = "a7497530" + "50405008" + WAIT  # lghi 4, 30000; st 4, 8(5)
    machine = build(code, "external", r3=0x3000, r2=0, cr0=0xE0 | CLOCK, r5=0x1002_0000)
    psw = MASK | PSW_WAIT | PSW_EXTERNAL
    machine.memory.write(0x3000, psw.to_bytes(8, "big") + (CODE + 12).to_bytes(8, "big"))
    machine.run(max_insns=4)
    assert read(machine, "pc", "r2") == [HANDLER, 0]
    assert (memory(machine, 0x130, 8), memory(machine, 0x138, 8)) == (psw, CODE + 12)
    assert machine.vcpus[0].arch.now >= 30_000


def test_a_handler_may_lead_into_a_wait(build: Build) -> None:
    machine = build("0000")
    machine.memory.write(0x1D0, (MASK | PSW_WAIT).to_bytes(8, "big"))
    outcome = machine.run(max_insns=10)
    assert (outcome.ending, machine.retired) == (Ending.BLOCKED, 0)


def test_the_prefix_moves_the_storage_locations(build: Build) -> None:
    machine = build("0000", "", prefix=0x4000)
    machine.memory.write(0x41D0, MASK.to_bytes(8, "big") + HANDLER.to_bytes(8, "big"))
    machine.run(max_insns=2)
    assert read(machine, "pc") == [HANDLER]
    assert (memory(machine, 0x408E, 2), memory(machine, 0x4158, 8)) == (1, CODE + 2)


def test_low_address_protection_is_the_engine_s(build: Build) -> None:
    machine = build("50200100", cr0=0x1000_00E0)  # st 2, 0x100
    machine.run(max_insns=2)
    assert memory(machine, 0x8E, 2) == 4
    assert memory(machine, 0x100, 4) == 0


def test_translation_is_the_engine_s(build: Build) -> None:
    """A segment table of one entry, a page table that maps page 1 to page 5; page 2 is invalid."""
    segments, pages = 0x8000, 0x9000
    machine = build("58202008" + "58304000", r2=0, r4=0x2000, cr1=segments)
    machine.memory.write(segments, (pages | 0).to_bytes(8, "big"))
    for page, entry in ((0, 0x0000), (1, 0x5000), (2, 0x2400), (16, 0x10000), (32, 0x20000)):
        machine.memory.write(pages + 8 * page, entry.to_bytes(8, "big"))
    machine.memory.write(0x5008, bytes.fromhex("cafe0123"))
    arch = machine.vcpus[0].arch
    arch.write_register("r2", 0x1000)
    arch.write_register("pswm", MASK | 1 << 58)
    machine.run(max_insns=3)
    assert read(machine, "r2", "pc") == [0xCAFE0123, HANDLER]
    assert memory(machine, 0x8E, 2) == 0x11
    assert memory(machine, 0x158, 8) == CODE + 4  # nullified
    assert memory(machine, 0xA8, 8) & ~0xFFF == 0x2000


def test_rounding_follows_fpc(build: Build) -> None:
    for mode, quotient in ((0, 0x3FD5555555555555), (2, 0x3FD5555555555556)):
        machine = build("b31d0012", f1=0x3FF0000000000000, f2=0x4008000000000000, cr0=0x400E0, fpc=mode)
        machine.run(max_insns=1)
        assert read(machine, "f1") == [quotient]


def test_vector_registers_are_whole(build: Build) -> None:
    machine = build("e7102000000e" + "e7102000080e", r2=0x3000, cr0=0x600E0)  # vst 1, 0(2); vst 17, 0(2)
    arch = machine.vcpus[0].arch
    arch.write_register("f1", 0x1122334455667788)
    arch.write_register("v1l", 0x99AABBCCDDEEFF00)
    arch.write_register("v17", 0x0102030405060708_090A0B0C0D0E0F10)
    machine.run(max_insns=1)
    assert memory(machine, 0x3000, 16) == 0x112233445566778899AABBCCDDEEFF00
    machine.run(max_insns=1)
    assert memory(machine, 0x3000, 16) == 0x0102030405060708090A0B0C0D0E0F10


def test_set_clock_reads_its_operand_and_changes_nothing(build: Build) -> None:
    machine = build("b2046000" + "b2220020", r6=0x3000, pswm=MASK | 3 << 44)  # sck 0(6); ipm 2
    machine.run(max_insns=2)
    assert read(machine, "pc") == [CODE + 8]
    assert read(machine, "r2")[0] >> 28 & 3 == 0


@pytest.mark.parametrize(
    ("operand", "mask", "number"), [(0x3001, 0, 6), (NOWHERE, 0, 5), (0x3000, PSW_PROBLEM, 2)]
)
def test_set_clock_has_the_exceptions_of_its_operand(
    build: Build, operand: int, mask: int, number: int
) -> None:
    machine = build(NOP + "b2046000", r6=operand, pswm=MASK | mask)
    machine.run(max_insns=3)
    assert memory(machine, 0x8E, 2) == number
    assert memory(machine, 0x158, 8) == CODE + 6


def test_an_executed_set_clock_too(build: Build) -> None:
    machine = build("44100010", r1=4, r6=0x3000)  # ex 1, 16(0)
    machine.memory.write(0x10, bytes.fromhex("b2006000"))
    machine.run(max_insns=2)
    assert read(machine, "pc") == [CODE + 4]


@pytest.mark.parametrize("load", ["b2b23000", "80003000", "ad043000"])  # lpswe, ssm, stosm
def test_access_registers_with_translation_are_a_specification_exception(build: Build, load: str) -> None:
    machine = build(load + "e32060000004", r3=0x3000, r6=0x3000)
    mask = MASK | 1 << 58 | 1 << 46
    machine.memory.write(0x3000, mask.to_bytes(8, "big") + (CODE + 4).to_bytes(8, "big"))
    if load[0] != "b":
        machine.vcpus[0].arch.write_register("pswm", MASK | 1 << 46)
    machine.run(max_insns=2)
    assert read(machine, "pc") == [HANDLER]
    assert memory(machine, 0x8E, 2) == 6
    assert [memory(machine, at, 8) for at in (0x150, 0x158)] == [mask, CODE + 4]


def test_such_a_new_psw_is_a_trap_loop(build: Build) -> None:
    machine = build("0000")
    machine.memory.write(0x1D0, (MASK | 1 << 58 | 1 << 46).to_bytes(8, "big"))
    assert machine.run(max_insns=100, timeout=20).ending is Ending.TRAP_LOOP


def test_the_cpu_timer_is_no_clock_of_the_host(build: Build) -> None:
    machine = build("b2096000", r6=0x3000)  # stpt 0(6)
    machine.memory.write(0x3000, b"\xff" * 8)
    machine.run(max_insns=1)
    assert memory(machine, 0x3000, 8) == 0


def test_the_square_root_of_an_extended_number(build: Build) -> None:
    machine = build("b3160001", cr0=0x60000, f1=0x4001 << 48, f3=0)  # sqxbr 0, 1: of 4
    machine.run(max_insns=1)
    assert read(machine, "pc", "f0", "f2") == [CODE + 4, 0x4000 << 48, 0]
