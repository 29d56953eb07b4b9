"""Retired instructions are counted exactly, whatever the guest runs, and a budget ends exactly at its instruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import unicorn.riscv_const as rc
import unicorn.unicorn_const as uc_const
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unicorn import Uc

from axvcpu.exits import Halt, PreemptionTimer
from emu.outcome import Ending
from isa.riscv.assembly import assemble64

RAM, SIZE, DATA = 0x8000_0000, 0x2_0000, 0x8001_0000
OFF = "li t6, 0x10010000\nsw zero, 0(t6)\nnop\n"
EASY = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

PLAIN = st.sampled_from(
    [
        "addi a1, a1, 3",
        "c.addi a2, 1",
        "c.nop",
        "nop",
        "xor a3, a3, a1",
        "c.mv a4, a3",
        "mul a5, a1, a2",
        "sd a1, 0(s0)",
        "ld a2, 0(s0)",
        "c.sd a1, 8(s0)",
        "amoadd.w a3, a1, (s0)",
        "csrr a4, mscratch",
        "csrw mscratch, a1",
        "fence",
        "lui a5, 0x12345",
    ]
)


@st.composite
def programs(draw: Callable[..., Any]) -> str:
    """Straight-line pieces joined by loops, forward branches, calls and jumps over data; they always end."""
    lines = [f"li s0, {DATA}", "j 1f"]
    count = draw(st.integers(1, 6))
    for number in range(count):
        body = draw(st.lists(PLAIN, min_size=1, max_size=9))
        lines.append(f"{number + 1}:")
        match draw(st.integers(0, 4)):
            case 0:
                lines += ["li s1, 3", "7:", *body, "c.addi s1, -1", "bnez s1, 7b"]
            case 1:
                lines += ["beq zero, zero, 7f", *body, "7:"]
            case 2:
                lines += ["bne a1, a2, 7f", *body, "7:", *body]
            case 3:
                lines += ["la t0, 7f", "jalr ra, 0(t0)", "j 8f", "7:", *body, "ret", "8:"]
            case _:
                lines += body
        lines.append(f"j {number + 2}f")
    return "\n".join([*lines, f"{count + 1}:", "wfi"])


def _executed(code: bytes) -> tuple[int, dict[str, int]]:
    """The reference: plain Unicorn and a code hook."""
    uc = Uc(uc_const.UC_ARCH_RISCV, uc_const.UC_MODE_RISCV64)
    uc.mem_map(RAM, SIZE)
    uc.mem_write(RAM, code)
    count = [0]
    uc.hook_add(uc_const.UC_HOOK_CODE, lambda *_: count.__setitem__(0, count[0] + 1))
    uc.emu_start(RAM, RAM + SIZE - 16)
    return count[0], {f"x{i}": uc.reg_read(getattr(rc, f"UC_RISCV_REG_X{i}")) for i in range(1, 32)}


@EASY
@given(programs())
def test_the_count_is_that_of_a_code_hook_and_of_single_steps(processor: Any, text: str) -> None:
    whole = processor(text)
    expected, registers = _executed(whole.code)
    assert whole.run() == Halt()
    assert whole.arch.retired == expected
    assert {name: whole[name] for name in registers} == registers
    steps = processor(text)
    for number in range(1, expected):
        steps.vcpu.deadline = number
        assert steps.run() == PreemptionTimer()
        assert steps.arch.retired == number
    steps.vcpu.deadline = None
    assert steps.run() == Halt()
    assert steps.arch.retired == expected
    assert {name: steps[name] for name in registers} == registers


@EASY
@given(programs(), st.data())
def test_a_budget_ends_exactly_where_single_steps_would_be(processor: Any, text: str, data: Any) -> None:
    steps = processor(text)
    expected, _ = _executed(steps.code)
    states = [(steps.arch.pc, steps["a1"], steps["a3"])]
    for number in range(1, expected):
        steps.vcpu.deadline = number
        steps.run()
        states.append((steps.arch.pc, steps["a1"], steps["a3"]))
    jumps = processor(text)
    at = 0
    while at < expected - 1:
        at = data.draw(st.integers(at + 1, expected - 1))
        jumps.vcpu.deadline = at
        assert jumps.run() == PreemptionTimer()
        assert (jumps.arch.pc, jumps["a1"], jumps["a3"]) == states[at]


EVERYTHING = f"""
 la t0, 9f
 csrw mtvec, t0
 li s0, {DATA}
 li a0, 0x10000000
 li s1, 3
1: addi a1, a1, 1
 c.addi a1, 1
 sw a1, 0(a0)
 rdtime a2
 rdcycle a3
 lw a4, 4(a0)
 c.nop
 ecall
 csrr a5, minstret
 .word 0xffffffff
 c.ebreak
 c.nop
 lw a6, 1(s0)
 amoadd.d a7, a1, (s0)
 fence.i
 c.addi s1, -1
 bnez s1, 1b
 j 2f
 .align 12
 .zero 4084
2: addi a1, a1, 1
 c.addi a1, 1
 c.addi a1, 1
 addi a1, a1, 1
 c.nop
 addi a1, a1, 1
 wfi
 nop
 {OFF}
 .align 2
9: csrr t1, mepc
 lhu t2, 0(t1)
 andi t2, t2, 3
 li t3, 3
 addi t1, t1, 2
 bne t2, t3, 8f
 addi t1, t1, 2
8: csrw mepc, t1
 mret
"""
"""Blocks, accesses, traps, counters, a page's end in the middle of an instruction, and wfi."""


def _trail(machine: Any) -> tuple[Any, ...]:
    read = machine.vcpus[0].read_register
    names = ("pc", "a1", "a2", "a3", "a4", "a5", "t1", "t2", "mepc", "mcause", "mstatus", "mcycle")
    return (machine.retired, machine.state_hash(), *(read(name) for name in names))


def test_a_budget_stops_exactly_at_every_instruction_of_a_guest_that_does_everything(assembled: Any) -> None:
    straight = assembled(EVERYTHING)
    ended = straight.run(max_insns=100_000)
    assert ended.ending is Ending.BLOCKED
    total, final = straight.retired, straight.state_hash()
    assert total > 130
    stepped = assembled(EVERYTHING)
    trail = [_trail(stepped)]
    for number in range(1, total):
        assert stepped.run(max_insns=1).ending is Ending.BUDGET
        assert stepped.retired == number
        trail.append(_trail(stepped))
    assert stepped.run().ending is Ending.BLOCKED
    assert stepped.state_hash() == final
    for number in range(1, total, 7):
        once = assembled(EVERYTHING)
        once.run(max_insns=number)
        assert _trail(once) == trail[number]
        assert once.run().ending is Ending.BLOCKED
        assert (once.retired, once.state_hash()) == (total, final)
        once.close()


def test_no_more_than_nothing_is_a_budget(assembled: Any) -> None:
    machine = assembled("1: j 1b")
    for budget in (0, -1, -(10**9)):
        outcome = machine.run(max_insns=budget)
        assert (outcome.ending, machine.retired) == (Ending.BUDGET, 0)
    machine.run(max_insns=10**6)
    assert machine.retired == 10**6


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@pytest.mark.parametrize("counter", ["mcycle", "minstret", "cycle", "instret"])
def test_a_counter_reads_as_the_instructions_before_it(assembled: Any, isa: str, counter: str) -> None:
    machine = assembled(
        f"csrr s2, {counter}\nnop\nc.nop\ncsrr s3, {counter}\nc.nop\ncsrr s4, {counter}\nnop\nwfi", isa=isa
    )
    machine.run()
    read = machine.vcpus[0].read_register
    assert [read(name) for name in ("s2", "s3", "s4")] == [0, 3, 5]
    assert read(counter) == machine.retired == 8


def test_the_high_half_of_a_counter_is_its_high_half(assembled: Any) -> None:
    machine = assembled("li a0, -1\ncsrr a0, mcycleh\ncsrr a1, instreth\nrdtimeh a2\nwfi", isa="riscv32")
    machine.vcpus[0].write_register("a1", 5)
    machine.run()
    assert [machine.vcpus[0].read_register(name) for name in ("a0", "a1", "a2")] == [0, 0, 0]


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
def test_a_counter_goes_on_from_what_it_was_set_to_and_stands_still_while_stopped(
    assembled: Any, isa: str
) -> None:
    high = "mv s8, s8" if isa == "riscv64" else "csrr s8, instreth"
    text = f"rdcycle s2\nrdinstret s3\ncsrr s4, mcycle\ncsrr s5, minstret\n{high}\nwfi"
    machine = assembled(text, isa=isa)
    machine.settle()
    hart = machine.vcpus[0]
    hart.arch.set_counter("cycle", 77, running=False)
    hart.arch.set_counter("instret", (5 << 32) + 100, running=True)
    machine.run()
    low = (1 << machine.isa.bits) - 1
    found = [hart.read_register(name) for name in ("s2", "s3", "s4", "s5")]
    assert found == [77, (5 << 32) + 101 & low, 77, (5 << 32) + 103 & low]
    assert hart.read_register("cycle") == 77
    assert hart.read_register("instret") == (5 << 32) + 106 & low
    assert isa == "riscv64" or hart.read_register("s8") == 5
    hart.arch.set_counter("cycle", None, running=True)
    assert hart.read_register("mcycle") == 77


@pytest.mark.parametrize("shift", [0, 3])
def test_rdtime_is_guest_time_in_ticks_of_100_ns(assembled: Any, shift: int) -> None:
    machine = assembled(
        "li s1, 5000\n1: addi s1, s1, -1\nbnez s1, 1b\nrdtime a0\nrdcycle a1\nwfi", shift=shift
    )
    machine.run()
    time, cycle = (machine.vcpus[0].read_register(name) for name in ("a0", "a1"))
    assert cycle == machine.retired - 2
    assert time == ((cycle - 1) << shift) // 100


@pytest.mark.parametrize(
    "form",
    ["rdtime a0", "csrrs a0, time, x0", "csrrc a0, time, x0", "csrrsi a0, time, 0", "csrrci a0, time, 0"],
)
def test_every_instruction_that_only_reads_the_time_does(assembled: Any, form: str) -> None:
    machine = assembled(f"li s1, 500\n1: addi s1, s1, -1\nbnez s1, 1b\n{form}\nwfi")
    assert machine.run().ending is Ending.BLOCKED
    assert machine.vcpus[0].read_register("a0") == 1001 // 100


@pytest.mark.parametrize(
    "form", ["csrw time, a0", "csrrs a0, time, a1", "csrrwi a0, time, 0", "csrrci a0, time, 1"]
)
def test_a_write_of_the_time_is_illegal(assembled: Any, form: str) -> None:
    machine = assembled(
        f"la t0, 1f\ncsrw mtvec, t0\nli a1, 1\n{form}\nwfi\n.align 2\n1: csrr a2, mcause\nli a3, 1\nwfi"
    )
    machine.run()
    assert machine.vcpus[0].read_register("a2") == 2
    assert machine.vcpus[0].read_register("a3") == 1


@pytest.mark.parametrize("behind", [".half 0", ".word 0xffffffff", "ecall", "c.ebreak", "wfi", "nop"])
@pytest.mark.parametrize("before", ["nop", "c.nop", "csrr a0, mscratch", "nop\nc.nop"])
def test_what_lies_behind_a_halt_is_not_counted(assembled: Any, before: str, behind: str) -> None:
    machine = assembled(f"j 1f\n1: {before}\nwfi\n{behind}")
    assert machine.run().ending is Ending.BLOCKED
    assert machine.retired == 2 + len(before.splitlines())


@pytest.mark.parametrize(
    "bad", [".half 0", ".word 0xffffffff", "ecall", "ebreak", "c.ebreak", "lw a0, 0(zero)", "csrr a0, 0x7c0"]
)
def test_an_instruction_that_traps_has_not_retired(assembled: Any, bad: str) -> None:
    """Also not the illegal halfword that ends a block without being in it."""
    text = f"la t0, 1f\ncsrw mtvec, t0\nj 2f\n2: nop\nc.nop\n{bad}\nnop\n.align 2\n1: nop\nwfi"
    machine = assembled(text, unmapped="fault")
    machine.memory.write(0x8000_0000, assemble64(text.replace("(zero)", "(gp)"), 0x8000_0000))
    machine.vcpus[0].write_register("gp", 0x4000_0000)
    assert machine.run().ending is Ending.BLOCKED
    assert machine.retired == 3 + 1 + 2 + 2


TWO_SPACES = """
 la t0, 9f
 csrw stvec, t0
 csrw mtvec, t0
 li t0, -1
 csrw pmpaddr0, t0
 li t0, 0x1f
 csrw pmpcfg0, t0
 li s1, {first}
 li s2, {second}
 li s3, 40
 li t0, 0x1800
 csrc mstatus, t0
 li t0, 0x800
 csrs mstatus, t0
 la t0, 1f
 csrw mepc, t0
 li s4, 0x40000000
 csrw satp, s1
 mret
1: csrw satp, s1
 sfence.vma
 jalr ra, 0(s4)
 csrw satp, s2
 sfence.vma
 jalr ra, 0(s4)
 addi s3, s3, -1
 bnez s3, 1b
 wfi
 .align 2
9: wfi
 j 9b
"""


def test_two_address_spaces_with_other_code_at_one_address_are_each_counted_by_their_own(
    assembled: Any,
) -> None:
    """Both functions are 8 bytes; one has two instructions, the other four."""
    root, other = 0x8000_8000, 0x8000_A000
    text = TWO_SPACES.format(first=8 << 60 | root >> 12, second=8 << 60 | other >> 12)

    def build() -> Any:
        machine = assembled(text)
        for table, page in ((root, 0x8000_C000), (other, 0x8000_D000)):
            for index, entry in ((2, 0x8000_0000 >> 2 | 0xCF), (1, (table + 0x1000) >> 2 | 1)):
                machine.memory.write(table + 8 * index, entry.to_bytes(8, "little"))
            middle = 0x8000_E000 if table == root else 0x8000_F000
            machine.memory.write(table + 8, (middle >> 2 | 1).to_bytes(8, "little"))
            leaf = middle + 0x2000
            machine.memory.write(middle, (leaf >> 2 | 1).to_bytes(8, "little"))
            machine.memory.write(leaf, (page >> 2 | 0xCF).to_bytes(8, "little"))
        machine.memory.write(0x8000_C000, assemble64("addi a0, a0, 1\nret", 0))
        machine.memory.write(0x8000_D000, assemble64("c.addi a0, 1\nc.nop\nc.nop\nc.jr ra", 0))
        return machine

    machine = build()
    machine.run(max_insns=100_000)
    total = machine.retired
    assert machine.vcpus[0].read_register("a0") == 80
    stepped = build()
    for number in range(1, total):
        stepped.run(max_insns=1)
        assert stepped.retired == number
    head = machine.vcpus[0].read_register("pc")
    assert stepped.vcpus[0].read_register("a0") == 80
    stepped.run(max_insns=1)
    assert stepped.vcpus[0].read_register("pc") == head
    per_turn = 3 + 2 + 3 + 4 + 2
    prologue = total - 40 * per_turn - 1
    assert 0 < prologue < 60
    assert machine.state_hash() == stepped.state_hash()


@pytest.mark.parametrize("fence", ["fence.i", "nop"])
def test_code_of_other_lengths_in_the_same_bytes_is_counted_anew(assembled: Any, fence: str) -> None:
    """The engine keeps its own writes coherent, so a fence is not needed here."""
    text = f"""
 la s0, 7f
 li s1, 0x00000013
 li s2, 0x00010001
 li s3, 6
1: jalr ra, 0(s0)
 sw s1, 0(s0)
 {fence}
 jalr ra, 0(s0)
 sw s2, 0(s0)
 {fence}
 addi s3, s3, -1
 bnez s3, 1b
 wfi
 .align 2
7: c.nop
 c.nop
 ret
"""
    machine = assembled(text)
    machine.run()
    prologue = machine.retired - 6 * (8 + 3 + 2) - 1
    stepped = assembled(text)
    steps = 0
    while stepped.run(max_insns=1).ending is Ending.BUDGET:
        steps += 1
    assert stepped.retired == machine.retired == steps + 1
    assert 4 <= prologue <= 8


def test_a_store_to_code_counts_also_after_other_stores_into_its_page(assembled: Any) -> None:
    """A page that holds translated code must not be marked clean by a store elsewhere in it."""
    machine = assembled(
        """
 la s0, 7f
 la s1, 8f
 li s3, 4
1: jalr ra, 0(s0)
 sd s3, 0(s1)
 sd s3, 8(s1)
 lw t0, 0(s0)
 li t1, 0x00100000
 add t0, t0, t1
 sw t0, 0(s0)
 addi s3, s3, -1
 bnez s3, 1b
 wfi
 .align 2
7: addi a0, a0, 1
 ret
 .align 3
8: .zero 16
"""
    )
    machine.run()
    assert machine.vcpus[0].read_register("a0") == 1 + 2 + 3 + 4


def test_a_store_through_the_other_address_of_the_memory_changes_code_too(assembled: Any) -> None:
    machine = assembled(
        """
 la s0, 7f
 li t2, 0x80000000
 sub s1, s0, t2
 li s3, 4
1: jalr ra, 0(s0)
 lw t0, 0(s1)
 li t1, 0x00100000
 add t0, t0, t1
 sw t0, 0(s1)
 addi s3, s3, -1
 bnez s3, 1b
 wfi
 .align 2
7: addi a0, a0, 1
 ret
"""
    )
    machine.run()
    assert machine.vcpus[0].read_register("a0") == 1 + 2 + 3 + 4


def test_straight_code_longer_than_any_block_stops_everywhere(assembled: Any) -> None:
    machine = assembled("addi a0, a0, 1\nc.addi a0, 1\n" * 3000 + "wfi")
    for budget in (1, 511, 512, 513, 1023, 1365, 1366, 5):
        before = machine.retired
        machine.run(max_insns=budget)
        assert machine.retired == before + budget == machine.vcpus[0].read_register("a0")
    machine.run()
    assert machine.retired == 6001
