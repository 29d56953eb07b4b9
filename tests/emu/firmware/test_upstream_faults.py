"""Faults known of the crate that the design comes from, each by its number, as far as firmware could have them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from axvcpu.exits import CpuUp, Hypercall
from axvcpu.states import BlockReason, VCpuState
from emu.outcome import Ending
from isa.riscv.registers import GENERAL_NAMES

START = 0x8020_0000
OFF = "li a7, 0x53525354\nli a6, 0\nli a0, 0\nli a1, 0\necall\n"
Call = Callable[..., str]
ALREADY_AVAILABLE, INVALID_PARAM = -6 & (1 << 64) - 1, -3 & (1 << 64) - 1


def test_08_a_second_start_of_a_running_hart_is_refused_and_disturbs_nothing(
    supervisor: Callable[..., Any], call: Call
) -> None:
    text = f"""
 la s1, 2f
 {call("HSM", 0, 1, 0, 7).replace("li a1, 0", "mv a1, s1")}
 mv s2, a0
 la s0, 9f
1: ld t0, 0(s0)
 li t1, 50000
 bltu t0, t1, 1b
 {call("HSM", 0, 1, 0, 8).replace("li a1, 0", "mv a1, s1")}
 mv s3, a0
 ld s4, 8(s0)
 {OFF}
2: la s0, 9f
 li t0, 1
 addi s0, s0, 8
 amoadd.d t1, t0, (s0)
 addi s0, s0, -8
3: addi s5, s5, 1
 sd s5, 0(s0)
 j 3b
 .balign 8
9: .word 0, 0, 0, 0
"""
    machine = supervisor(text, smp=2)
    assert machine.run(max_insns=10_000_000).ending is Ending.POWERED_OFF
    boot, other = machine.vcpus
    assert boot.read_register("s2") == 0
    assert boot.read_register("s3") == ALREADY_AVAILABLE
    assert boot.read_register("s4") == 1  # it began once
    assert other.read_register("a1") == 7
    assert other.read_register("s5") >= 50_000
    assert other.state is VCpuState.READY
    assert machine.exits["CpuUp"] == 2


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
def test_15_a_started_hart_has_its_number_and_argument_in_a0_and_a1_and_nothing_elsewhere(
    supervisor: Callable[..., Any], call: Call, isa: str
) -> None:
    text = f"""
 la a1, 2f
 li a0, 1
 li a2, 0x1234
 li a7, 0x48534d
 li a6, 0
 ecall
1: j 1b
2: li ra, 5
 csrw sscratch, ra
 csrsi sstatus, 2
 csrw stvec, ra
{call("HSM", 1)}
"""
    machine = supervisor(text, smp=2, isa=isa)
    entry = None
    for _ in range(2):  # the second time with what the first life has left
        outcome = machine.run(max_insns=10_000, until=lambda exit: isinstance(exit, CpuUp))
        exit = outcome.exit
        assert exit == CpuUp(1, exit.entry_point, 0x1234)
        assert machine.answer(exit) is None
        hart = machine.vcpus[1]
        found = {name: hart.read_register(name) for name in GENERAL_NAMES if hart.read_register(name)}
        assert found == {"a0": 1, "a1": 0x1234}
        system = [hart.read_register(name) for name in ("satp", "sscratch", "stvec", "sie")]
        assert system == [0, 0, 0, 0]
        assert hart.read_register("mstatus") & 2 == 0
        assert (hart.read_register("priv"), hart.read_register("pc")) == (1, exit.entry_point)
        entry = exit.entry_point if entry is None else entry
        assert exit.entry_point == entry
        machine.run(max_insns=100_000)
        assert hart.block_reason is BlockReason.POWERED_OFF
        machine.vcpus[0].write_register("pc", START)


@pytest.mark.parametrize("suspension", ["retentive", "non-retentive"])
def test_17_a_suspended_hart_is_past_its_call_before_anything_can_wake_it(
    supervisor: Callable[..., Any], call: Call, suspension: str
) -> None:
    kind = 0 if suspension == "retentive" else 0x8000_0000
    text = f"""
 la s1, 8f
 li s2, 0
 li t0, 32
 csrs sie, t0
 rdtime a0
 li t0, 1000
 add a0, a0, t0
 li a7, 0x54494d45
 li a6, 0
 ecall
 addi s2, s2, 1
 li a0, {kind}
 mv a1, s1
 li a2, 99
 li a7, 0x48534d
 li a6, 3
7: ecall
8: addi s2, s2, 16
 mv s3, a0
 mv s4, a1
{OFF}
"""
    machine = supervisor(text)
    outcome = machine.run(until=lambda exit: isinstance(exit, Hypercall) and exit.nr == 3)
    before = machine.retired
    hart = machine.vcpus[0]
    assert machine.answer(outcome.exit) is None
    assert hart.block_reason is BlockReason.HALT
    assert hart.read_register("pc") == hart.read_register("s1") == outcome.pc + 4
    assert machine.retired == before + 1
    asleep = machine.save()
    for _ in range(2):
        machine.restore(asleep)
        assert machine.run().ending is Ending.POWERED_OFF
        assert hart.read_register("s2") == 17  # once before, once after
        expected = (0, 0) if suspension == "retentive" else (0, 99)
        assert (hart.read_register("s3"), hart.read_register("s4")) == expected
    assert machine.exits["Hypercall"] == 2


def test_24_a_guest_names_any_size_and_nothing_of_it_is_allocated(
    supervisor: Callable[..., Any], call: Call
) -> None:
    sizes = (1 << 40, (1 << 64) - 1, 15 << 20)
    text = "".join(
        f"{call('DBCN', function, size, START, 0)}mv s{2 + 2 * i}, a0\nmv s{3 + 2 * i}, a1\n"
        for i, (function, size) in enumerate([(0, sizes[0]), (1, sizes[1]), (0, 8 << 20), (1, 8 << 20)])
    )
    machine = supervisor(text + OFF)
    machine.settle()
    tracemalloc.start()
    try:
        assert machine.run(max_insns=1000).ending is Ending.POWERED_OFF
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found = [machine.vcpus[0].read_register(f"s{n}") for n in range(2, 10)]
    assert found[0] == found[2] == INVALID_PARAM
    assert found[4:] == [0, 4096, 0, 0]
    assert len(machine.console_output) == 4096
    assert peak < 1 << 20
