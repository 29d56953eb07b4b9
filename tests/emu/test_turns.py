"""Several vCPUs on one thread: turns that are the same in every run, and wake-ups that are never lost."""

from __future__ import annotations

import random
from typing import Any

import pytest

from axvcpu.states import VCpuState
from emu.outcome import Ending
from emu.schedule import TURN

DATA = 0x8000_8000
WORK = f"""
 csrr t0, mhartid
 li s0, {DATA}
 li s1, 3000
1: amoadd.w t1, s1, (s0)
 mul s2, s2, t1
 add s2, s2, t1
 rdtime t2
 add s2, s2, t2
 ld t3, 16(s0)
 add t3, t3, s2
 sd t3, 16(s0)
 addi s1, s1, -1
 bnez s1, 1b
 addi s3, s0, 8
 li t1, 1
 amoadd.w t2, t1, (s3)
 bnez t0, 3f
2: lw t1, 8(s0)
 li t2, {{harts}}
 blt t1, t2, 2b
 li t6, 0x10010000
 sw zero, 0(t6)
3: wfi
 j 3b
"""
LONG = "addi s2, s2, 3\n" * 300
BLOCKS = f"""
 li s2, 7
 li s0, {DATA}
1: {LONG}
 amoadd.d t0, s2, (s0)
 add s2, s2, t0
 li t3, 50
6: addi t3, t3, -1
 bnez t3, 6b
 j 1b
"""


def facts(machine: Any) -> tuple[Any, ...]:
    return machine.retired, [vcpu.arch.retired for vcpu in machine.vcpus], machine.state_hash()


@pytest.mark.parametrize("harts", [2, 3, 8])
def test_two_runs_are_the_same_run(assembled: Any, harts: int) -> None:
    ends = []
    for _ in range(2):
        machine = assembled(WORK.format(harts=harts), smp=harts)
        assert machine.run(max_insns=5_000_000).ending is Ending.POWERED_OFF
        ends.append(facts(machine))
        assert (
            int.from_bytes(machine.memory.read(DATA, 4), "little")
            == harts * sum(range(1, 3001)) & 0xFFFF_FFFF
        )
    assert ends[0] == ends[1]


@pytest.mark.parametrize("text", [WORK.format(harts=3), BLOCKS], ids=["small blocks", "large blocks"])
def test_slices_of_any_length_leave_the_turns_where_they_are(assembled: Any, text: str) -> None:
    total = 90_000
    straight = assembled(text, smp=3)
    straight.run(max_insns=total)
    for seed in range(3):
        chance = random.Random(seed)
        cut = assembled(text, smp=3)
        while cut.retired < straight.retired:
            cut.run(max_insns=min(chance.randrange(1, 9000), straight.retired - cut.retired))
        assert facts(cut) == facts(straight)


def test_a_kick_does_not_end_a_turn(assembled: Any) -> None:
    """The count of the block that a former stop kept from beginning says nothing about the one that comes next."""
    quiet, kicked = assembled(BLOCKS, smp=2), assembled(BLOCKS, smp=2)
    for machine in (quiet, kicked):
        machine.run(max_insns=2 * TURN + 19_000)
        for _ in range(400):
            if machine is kicked:
                for vcpu in machine.vcpus:
                    vcpu.arch.kick()
            machine.run(max_insns=7)
    assert facts(kicked) == facts(quiet)


def test_kicks_from_another_thread_change_nothing(assembled: Any, pestered: Any) -> None:
    quiet, kicked = assembled(WORK.format(harts=3), smp=3), assembled(WORK.format(harts=3), smp=3)
    quiet.run()
    with pestered(kicked):
        assert kicked.run(timeout=60).ending is Ending.POWERED_OFF
    assert facts(kicked) == facts(quiet)


def test_a_turn_is_never_longer_than_it_should_be(assembled: Any) -> None:
    machine = assembled("1: addi a0, a0, 1\nj 1b", smp=2)
    machine.run(max_insns=TURN)
    assert [vcpu.arch.retired for vcpu in machine.vcpus] == [TURN, 0]
    machine.run(max_insns=TURN + 1)
    assert [vcpu.arch.retired for vcpu in machine.vcpus] == [TURN + 1, TURN]


PING = """
 la t0, 9f
 csrw mtvec, t0
 li t0, 8
 csrw mie, t0
 csrr s0, mhartid
 li s1, 0x10030100
 xori s2, s0, 1
 slli t0, s0, 2
 add s3, s1, t0
 slli t0, s2, 2
 add s4, s1, t0
 li s5, 200
 li t1, 1
 bnez s0, 2f
1: sw t1, 0(s4)
2: wfi
 lw t2, 0(s3)
 beqz t2, 2b
 sw zero, 0(s3)
 addi s6, s6, 1
 addi s5, s5, -1
 beqz s5, 3f
 j 1b
3: sw t1, 0(s4)
 bnez s0, 4f
 li t6, 0x10010000
 sw zero, 0(t6)
4: wfi
 j 4b
 .align 2
9: mret
"""


def test_no_wake_up_is_lost_between_two_vcpus_that_wake_each_other(assembled: Any) -> None:
    """Each halts with interrupts off and looks only after it was woken."""
    machine = assembled(PING, smp=2)
    outcome = machine.run(max_insns=1_000_000, timeout=60)
    assert outcome.ending is Ending.POWERED_OFF
    assert machine.vcpus[0].read_register("s6") == 200


def test_vcpus_that_all_halt_are_blocked_and_each_is_woken_by_its_own_line_only(assembled: Any) -> None:
    machine = assembled(
        "li t0, 8\ncsrw mie, t0\n1: wfi\naddi s6, s6, 1\nli t1, 0x10030100\n"
        "csrr t2, mhartid\nslli t2, t2, 2\nadd t1, t1, t2\nsw zero, 0(t1)\nj 1b",
        smp=3,
    )
    assert machine.run(timeout=30).ending is Ending.BLOCKED
    assert all(vcpu.state is VCpuState.BLOCKED for vcpu in machine.vcpus)
    machine.devices["latch"].write(0x104, 4, 1)
    assert machine.run(timeout=30).ending is Ending.BLOCKED
    assert [vcpu.read_register("s6") for vcpu in machine.vcpus] == [0, 1, 0]


def test_a_line_that_is_not_enabled_wakes_nobody(assembled: Any) -> None:
    machine = assembled("wfi\nli s6, 1\nwfi", smp=2)
    machine.run(timeout=30)
    machine.devices["latch"].write(0x100, 4, 1)
    assert machine.run(timeout=30).ending is Ending.BLOCKED
    assert machine.vcpus[0].read_register("s6") == 0


PAUSE = ".word 0x0100000F"
SPINNER = f"""
 csrr t0, mhartid
 li s0, {DATA}
 bnez t0, 2f
 li s1, 200000
1: addi s1, s1, -1
 bnez s1, 1b
 li t1, 1
 sw t1, 0(s0)
 li t6, 0x10010000
 sw zero, 0(t6)
2: {{wait}}
 lw t1, 0(s0)
 beqz t1, 2b
3: wfi
 j 3b
"""
BOTH_WAIT = f"""
 rdtime t0
 li t1, 20000
 add t1, t1, t0
2: {PAUSE}
 rdtime t0
 blt t0, t1, 2b
 li t6, 0x10010000
 sw zero, 0(t6)
3: wfi
 j 3b
"""


@pytest.mark.parametrize("wait", [PAUSE, "wfi"])
def test_a_vcpu_that_waits_for_another_gives_its_turn_away(assembled: Any, wait: str) -> None:
    machine = assembled("csrwi mie, 8\n" + SPINNER.format(wait=wait), smp=2)
    machine.vcpus[1].arch.set_line(3, True)  # pending, and not to be taken: wfi goes on at once
    assert machine.run(timeout=60).ending is Ending.POWERED_OFF
    worker, spinner = (vcpu.arch.retired for vcpu in machine.vcpus)
    assert worker > 400_000
    assert spinner < 400


def test_vcpus_that_all_wait_for_time_let_it_pass(assembled: Any) -> None:
    machine = assembled(BOTH_WAIT, smp=4)
    assert machine.run(timeout=60).ending is Ending.POWERED_OFF
    turns = machine.exits["Nothing"]
    assert turns < 8 * machine.retired / TURN


def test_a_pause_ends_the_turn_however_the_run_is_cut(assembled: Any) -> None:
    whole = assembled(SPINNER.format(wait=PAUSE), smp=3)
    cut = assembled(SPINNER.format(wait=PAUSE), smp=3)
    rng = random.Random(11)
    while whole.retired < 120_000:
        step = rng.choice([1, 2, 3, 5, 17, 400, 20_000])
        whole.run(max_insns=step)
        while cut.retired < whole.retired:
            cut.run(max_insns=min(rng.randint(1, 700), whole.retired - cut.retired))
            if rng.random() < 0.2:
                cut.restore(cut.save())
        assert facts(cut) == facts(whole)


def test_a_context_that_was_displaced_keeps_its_floating_point_flags(assembled: Any) -> None:
    flags = "li t1, 0x2000\ncsrs mstatus, t1\ncsrr t0, mhartid\naddi t0, t0, 1\ncsrw fflags, t0\n"
    machine = assembled(flags + f"1: {PAUSE}\n csrr a0, fflags\n addi a1, a1, 1\n j 1b", smp=4)
    machine.run(max_insns=500_000)
    assert [vcpu.arch.read_register("fflags") for vcpu in machine.vcpus] == [1, 2, 3, 4]
    assert [vcpu.arch.read_register("a0") for vcpu in machine.vcpus] == [1, 2, 3, 4]
    assert all(vcpu.arch.read_register("a1") > 10 for vcpu in machine.vcpus)
