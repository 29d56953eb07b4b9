"""The built-in SBI seen by a supervisor, and by a host that makes the calls itself."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from axvcpu.errors import InvalidInput
from axvcpu.exits import Hypercall
from axvcpu.states import BlockReason, VCpuState
from emu.answer import answer
from emu.config import BUILT_IN, MachineConfig
from emu.errors import ConfigError, SnapshotMismatch
from emu.firmware.harts import HartState
from emu.machine import Machine
from emu.outcome import Ending
from emu.recorder import Recorder
from isa.riscv.registers import GENERAL_NAMES
from isa.riscv.sbi import Eid, SbiError, supervisor_call

START = 0x8020_0000
RAM = 0x8000_0000
U64 = (1 << 64) - 1
OFF = "li a7, 0x53525354\nli a6, 0\nli a0, 0\nli a1, 0\necall\n"
Call = Callable[..., str]
Make = Callable[..., Any]


def made(machine: Any, extension: int, function: int = 0, *arguments: int) -> tuple[int, int]:
    """Have hart 0 make a call, at an address of its own; (a0, a1) as signed numbers."""
    machine.settle()
    hart = machine.vcpus[0]
    exit = Hypercall(function, (*arguments, *[0] * (6 - len(arguments))), extension)  # type: ignore[arg-type]
    machine.firmware.call(exit, hart)
    return tuple(
        value - (1 << 64) if value >> 63 else value
        for value in (hart.read_register("a0"), hart.read_register("a1"))
    )  # type: ignore[return-value]


def test_only_the_boot_hart_starts_and_the_others_wait_for_it(supervisor: Make) -> None:
    machine = supervisor("1: j 1b", smp=4)
    for _ in range(2):
        machine.settle()
        assert [vcpu.block_reason for vcpu in machine.vcpus] == [None, *[BlockReason.POWERED_OFF] * 3]
        first = machine.vcpus[0]
        assert (first.read_register("priv"), first.read_register("pc")) == (1, START)
        assert first.read_register("a1") == machine._plan.device_tree
        machine.run(max_insns=100_000)
        assert [vcpu.arch.retired for vcpu in machine.vcpus] == [100_000, 0, 0, 0]
        machine.reset()


def test_without_a_program_it_starts_in_supervisor_mode_where_memory_begins() -> None:
    with Machine(MachineConfig(board="virt", bios=BUILT_IN, ram=16 << 20, smp=2)) as machine:
        machine.memory.write(RAM, bytes.fromhex("73100514 6f000000"))  # csrw sscratch, a0; j .
        for _ in range(2):
            machine.run(max_insns=10)
            first = machine.vcpus[0]
            assert (first.read_register("priv"), first.read_register("pc")) == (1, RAM + 4)
            assert machine.vcpus[1].block_reason is BlockReason.POWERED_OFF
            machine.reset()
            machine.memory.write(RAM, bytes.fromhex("73100514 6f000000"))


def test_a_call_changes_its_results_and_no_other_register(supervisor: Make) -> None:
    values = {name: 0x1111_0000 + i for i, name in enumerate(GENERAL_NAMES) if i not in (0, 10, 11, 16, 17)}
    load = "".join(f"li {name}, {value}\n" for name, value in values.items())
    for extension, results in ((0x10, ("a0", "a1")), (1, ("a0",)), (0x777, ("a0", "a1"))):
        text = f"{load}li a0, 10\nli a1, 0x5a\nli a6, 3\nli a7, {extension}\necall\n1: j 1b"
        machine = supervisor(text)
        machine.run(max_insns=200)
        hart = machine.vcpus[0]
        assert {name: hart.read_register(name) for name in values} == values
        assert (hart.read_register("a6"), hart.read_register("a7")) == (3, extension)
        assert "a1" in results or hart.read_register("a1") == 0x5A
        assert hart.arch.exits["Hypercall"] == 1


def test_a_call_has_two_results_at_most_and_those_not_given_stay(supervisor: Make) -> None:
    machine = supervisor("li a0, 5\nli a1, 6\nli a7, 0x777\necall\n1: j 1b")
    outcome = machine.run(until=lambda exit: isinstance(exit, Hypercall))
    hart = machine.vcpus[0]
    assert outcome.exit.extension == 0x777
    with pytest.raises(InvalidInput, match="at most 2"):
        hart.set_return_value(1, 2, 3)
    hart.set_return_value(7)
    assert (hart.read_register("a0"), hart.read_register("a1")) == (7, 6)
    hart.set_return_value(8, 9)
    machine.run(max_insns=2)
    assert (hart.read_register("a0"), hart.read_register("a1")) == (8, 9)


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
def test_exceptions_of_the_supervisor_come_to_the_supervisor(supervisor: Make, isa: str) -> None:
    """As firmware that redirects what it does not handle."""
    text = """
 la t0, 9f
 csrw stvec, t0
 csrr t1, mstatus
 ebreak
 li t2, 0x08000000
 lw t1, 0(t2)
 sw t1, 0(t2)
 li t0, 0x100
 csrc sstatus, t0
 la t0, 5f
 csrw sepc, t0
 sret
 .balign 4
5: ecall
 .balign 4
9: csrr t3, scause
 slli s1, s1, 4
 or s1, s1, t3
 addi s2, s2, 1
 csrr t4, sepc
 addi t4, t4, 4
 csrw sepc, t4
 li t5, 8
 beq t3, t5, 7f
 sret
7: j 7b
"""
    machine = supervisor(text, isa=isa)
    machine.run(max_insns=300)
    hart = machine.vcpus[0]
    assert (hart.read_register("s1"), hart.read_register("s2")) == (0x23578, 5)


def test_the_timer_is_pending_at_its_tick_and_not_an_instruction_before(supervisor: Make, call: Call) -> None:
    machine = supervisor(f"{call('TIME', 0, 50)}1: j 1b")
    hart = machine.vcpus[0]
    machine.run(max_insns=4999)
    assert hart.arch.lines & 1 << 5 == 0
    machine.run(max_insns=1)
    machine.run(max_insns=1)
    assert hart.arch.lines & 1 << 5
    assert made(machine, Eid.TIME, 0, U64) == (0, 0)
    assert hart.arch.lines & 1 << 5 == 0
    assert machine.timeline.save()["sbi.0"] is None


@pytest.mark.parametrize(("reason", "code"), [(0, 0), (1, 1)])
def test_a_shutdown_ends_with_its_reason(supervisor: Make, call: Call, reason: int, code: int) -> None:
    outcome = supervisor(call("SRST", 0, 0, reason)).run(max_insns=100)
    assert (outcome.ending, outcome.code, outcome.exit_code) == (Ending.POWERED_OFF, code, code)


@pytest.mark.parametrize("kind", [1, 2])
def test_a_reboot_is_a_power_on(supervisor: Make, call: Call, kind: int) -> None:
    text = f"""
 la s0, 9f
 ld s1, 0(s0)
 sd s0, 0(s0)
 li s2, 0x80300000
 ld s3, 0(s2)
 sd s2, 0(s2)
 csrr s4, sscratch
 csrw sscratch, s2
 {call("TIME", 0, 100_000)}
 {call("HSM", 0, 1, START + 4096)}
 {call("SRST", 0, kind, 0)}
 .balign 8
9: .word 77, 0
"""
    machine = supervisor(text, smp=2)
    first = machine.state_hash()
    until = machine.run(until=lambda exit: type(exit).__name__ == "SystemDown")
    hart = machine.vcpus[0]
    found = [hart.read_register(name) for name in ("s1", "s3", "s4")]
    assert found == [77, 0, 0]
    before = machine.retired
    machine.answer(until.exit)
    machine.run(max_insns=0)
    assert machine.retired == before
    assert machine.memory.read(0x8030_0000, 8) == bytes(8)
    assert hart.read_register("pc") == START
    assert machine.vcpus[1].block_reason is BlockReason.POWERED_OFF
    assert machine.timeline.save()["sbi.0"] is None
    assert machine.now_ns == 0
    again = machine.run(until=lambda exit: type(exit).__name__ == "SystemDown")
    assert machine.retired == 2 * before
    assert [hart.read_register(name) for name in ("s1", "s3", "s4")] == found
    assert again.pc == until.pc
    assert first != machine.state_hash()


def test_a_reboot_ends_the_run_where_none_is_wanted(supervisor: Make, call: Call) -> None:
    outcome = supervisor(call("SRST", 0, 1, 1), no_reboot=True).run(max_insns=100)
    assert (outcome.ending, outcome.exit_code) == (Ending.POWERED_OFF, 1)
    assert "-no-reboot" in outcome.text


def test_harts_that_all_wait_for_ever_end_the_run(supervisor: Make, call: Call) -> None:
    outcome = supervisor(call("HSM", 1), smp=2).run(max_insns=100)
    assert outcome.ending is Ending.BLOCKED


TALK = """
 li s3, 0
 la s1, 5f
 li a0, 1
 mv a1, s1
 li a2, 0
 li a7, 0x48534d
 li a6, 0
 ecall
 li t0, 0x22
 csrw sie, t0
1: rdtime a0
 addi a0, a0, 40
 li a7, 0x54494d45
 li a6, 0
 ecall
 li a0, 2
 li a1, 0
 li a7, 0x735049
 ecall
 li a0, 0
 li a7, 0x48534d
 li a6, 3
 ecall
 csrci sip, 2
 addi s3, s3, 1
 li t0, 40
 blt s3, t0, 1b
 li a7, 0x53525354
 li a6, 0
 li a0, 0
 li a1, 0
 ecall
5: csrwi sie, 2
6: la a1, 7f
 li a0, 0x80000000
 li a2, 5
 li a7, 0x48534d
 li a6, 3
 ecall
7: csrci sip, 2
 addi s2, s2, 1
 li a0, 1
 li a1, 0
 li a7, 0x735049
 li a6, 0
 ecall
 j 6b
"""


def test_a_machine_saved_between_any_two_instructions_goes_on_as_it_would_have(supervisor: Make) -> None:
    whole = supervisor(TALK, smp=2)
    ended = whole.run(max_insns=100_000)
    assert ended.ending is Ending.POWERED_OFF
    assert whole.vcpus[1].read_register("s2") >= 20
    total, digest = whole.retired, whole.state_hash()
    chance = random.Random(4)
    sliced, other = supervisor(TALK, smp=2), supervisor(TALK, smp=2)
    while sliced.run(max_insns=chance.randrange(1, 40)).ending is Ending.BUDGET:
        state = sliced.save()
        other.restore(state)
        assert other.state_hash() == sliced.state_hash()
        assert [other.firmware._harts.state(hart) for hart in other.vcpus] == [
            sliced.firmware._harts.state(hart) for hart in sliced.vcpus
        ]
        sliced, other = other, sliced
    assert (sliced.retired, sliced.state_hash()) == (total, digest)


def test_a_state_of_a_machine_without_firmware_is_refused(supervisor: Make) -> None:
    machine = supervisor("nop")
    with Machine(MachineConfig(board="virt", ram=16 << 20)) as other, pytest.raises(SnapshotMismatch):
        machine.restore(other.save())


def test_a_suspended_hart_goes_on_waiting_on_another_thread(supervisor: Make, call: Call) -> None:
    machine = supervisor(f"li t0, 2\ncsrw sie, t0\n{call('HSM', 3, 0)}addi s1, s1, 1\n{OFF}", smp=2)
    assert machine.run(max_insns=1000).ending is Ending.BLOCKED
    seen: list[Any] = []

    def elsewhere() -> None:
        machine.settle()
        seen.extend(machine.firmware._harts.state(hart) for hart in machine.vcpus)
        machine.vcpus[0].arch.set_pending("mip", 1, True)
        seen.append(machine.run(max_insns=1000).ending)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(60)
    assert seen == [HartState.SUSPENDED, HartState.STOPPED, Ending.POWERED_OFF]


def test_a_hart_is_suspended_until_it_has_retired_something(supervisor: Make, call: Call) -> None:
    machine = supervisor(f"li t0, 2\ncsrw sie, t0\n{call('HSM', 3, 0)}csrci sip, 2\n wfi\n1: j 1b")
    assert machine.run(max_insns=1000).ending is Ending.BLOCKED
    assert made_state(machine) is HartState.SUSPENDED
    machine.vcpus[0].arch.set_pending("mip", 1, True)
    assert machine.run(max_insns=1000).ending is Ending.BLOCKED
    assert made_state(machine) is HartState.STARTED


def made_state(machine: Any) -> HartState:
    state: HartState = machine.firmware._harts.state(machine.vcpus[0])
    return state


def test_an_interrupt_that_is_pending_already_ends_a_suspension_at_once(supervisor: Make, call: Call) -> None:
    text = f"li t0, 2\ncsrw sie, t0\n{call('IPI', 0, 1, 0)}{call('HSM', 3, 0)}mv s1, a0\n{OFF}"
    assert supervisor(text).run(max_insns=100).ending is Ending.POWERED_OFF


def test_an_ipi_to_a_stopped_hart_is_nothing_and_does_not_wait_for_its_start(
    supervisor: Make, call: Call
) -> None:
    text = f"""
{call("IPI", 0, 3, 0)}mv s1, a0
 la s2, 5f
 li a0, 1
 mv a1, s2
 li a7, 0x48534d
 li a6, 0
 ecall
1: wfi
 j 1b
5: csrr s3, sip
 li a7, 0x48534d
 li a6, 1
 ecall
"""
    machine = supervisor(text, smp=2)
    machine.run(max_insns=100_000)
    assert machine.vcpus[0].read_register("s1") == 0
    assert machine.vcpus[1].read_register("s3") == 0
    assert machine.vcpus[1].block_reason is BlockReason.POWERED_OFF


@pytest.mark.parametrize("harts", [1, 3, 8])
def test_masks_name_harts_from_their_base_on(supervisor: Make, harts: int) -> None:
    machine = supervisor("nop", smp=harts)
    machine.settle()
    known = machine.firmware._harts

    def chosen(mask: int, base: int) -> list[int] | None:
        found = known.chosen(mask, base)
        return None if found is None else [hart.id for hart in found]

    assert chosen(0x55, U64) == list(range(harts))
    assert chosen((1 << harts) - 1, 0) == list(range(harts))
    assert chosen(1, harts - 1) == [harts - 1]
    assert chosen(0, 0) == []
    for mask, base in ((1 << harts, 0), (1, harts), (0, harts), (2, harts - 1), (U64, 0), (1, 1 << 63)):
        assert chosen(mask, base) is None


def test_the_console_gives_what_the_serial_line_has_and_takes_what_it_is_told(supervisor: Make) -> None:
    machine = supervisor("nop", channel=Recorder(b"hello, world"))
    made(machine, Eid.DBCN, 2, 0x141)
    machine.memory.write(START + 8, b"BC")
    assert made(machine, Eid.DBCN, 0, 2, START + 8) == (0, 2)
    assert bytes(machine.channel.output) == b"ABC"
    taken = b""
    for _ in range(64):
        error, count = made(machine, Eid.DBCN, 1, 5, START + 16)
        assert error == 0
        taken += machine.memory.read(START + 16, count)
    assert taken == b"hello, world"


def test_the_console_takes_nothing_while_the_divisor_latch_covers_the_data(supervisor: Make) -> None:
    machine = supervisor("nop", channel=Recorder(b"x"))
    uart = machine.devices["uart0"]
    uart.write(3, 1, 0x80)
    assert all(made(machine, Eid.LEGACY_GETCHAR)[0] == -1 for _ in range(64))
    uart.write(3, 1, 0x03)
    assert ord("x") in [made(machine, Eid.LEGACY_GETCHAR)[0] for _ in range(64)]


def test_code_that_the_console_overwrites_is_not_executed(supervisor: Make, call: Call) -> None:
    """`addi s1, s1, 1` becomes `addi s1, s1, 32` by two bytes of input."""
    text = f"""
 li s2, 3
 la s0, 7f
1: jal 7f
 addi s2, s2, -1
 bnez s2, 1b
2: li a0, 4
 mv a1, s0
 li a2, 0
 li a7, 0x4442434e
 li a6, 1
 ecall
 beqz a1, 2b
 jal 7f
{OFF}
 .balign 4
7: addi s1, s1, 1
 ret
"""
    machine = supervisor(text, channel=Recorder((0x0204_8493).to_bytes(4, "little")))
    assert machine.run(max_insns=100_000).ending is Ending.POWERED_OFF
    assert machine.vcpus[0].read_register("s1") == 3 + 32


def test_a_cpu_without_supervisor_mode_is_refused(supervisor: Make) -> None:
    machine = supervisor("nop")
    machine.settle()
    hart = machine.vcpus[0]
    hart.write_register("misa", hart.read_register("misa") & ~(1 << 18))
    with pytest.raises(ConfigError, match="sifive-u54"):
        machine._build_firmware()


WORDS = st.one_of(
    st.sampled_from((0, 1, 2, 3, 7, 1 << 31, 1 << 63, U64, RAM, START, START + 1, 0x1000_0000, 4096)),
    st.integers(0, U64),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.sampled_from(list(Eid)), st.integers(0, 15), WORDS),
    st.one_of(st.integers(0, 8), WORDS),
    st.lists(WORDS, min_size=6, max_size=6),
)
def test_any_call_is_answered_with_an_error_of_the_table_and_harms_nothing(
    hosted: tuple[Any, Any], extension: int, function: int, arguments: list[int]
) -> None:
    machine, state = hosted
    machine.restore(state)
    hart = machine.vcpus[0]
    values = dict(zip(("a0", "a1", "a2", "a3", "a4", "a5"), arguments, strict=True))
    registers = {"a7": int(extension), "a6": function, **values}
    exit = supervisor_call(64)(registers.__getitem__)
    outcome = answer(exit, hart, machine)
    faults = (Ending.CRASHED,) if Eid.LEGACY_SEND_IPI <= extension <= Eid.LEGACY_SFENCE_VMA_ASID else ()
    assert outcome is None or outcome.ending in (Ending.POWERED_OFF, *faults)
    assert all(vcpu.state in (VCpuState.READY, VCpuState.BLOCKED) for vcpu in machine.vcpus)
    error = hart.read_register("a0")
    legacy = extension <= 15
    if outcome is None and hart.block_reason is None and extension != Eid.VMM and not legacy:
        signed = error - (1 << 64) if error >> 63 else error
        resets = extension == Eid.SRST and signed not in SbiError.__members__.values()
        assert resets or signed in list(SbiError)


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A machine whose calls the host makes, and its state at the start."""
    path = tmp_path_factory.mktemp("hosted") / "guest.bin"
    path.write_bytes(bytes.fromhex("6f000000"))
    with Machine(MachineConfig(board="virt", bios=BUILT_IN, ram=16 << 20, smp=3)) as machine:
        machine.load(path, base=START)
        yield machine, machine.save()
