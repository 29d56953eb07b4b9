"""Harts that make calls which nobody wrote: the run has a defined end, and goes on from every saved state."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emu.outcome import Ending
from isa.riscv.sbi import Eid

START = 0x8020_0000
BUDGET = 20_000
WATCHDOG = 60.0  # seconds of host time; nothing here comes near it
BEGIN = """
 la t0, 9f
 csrw stvec, t0
 li t0, 0x222
 csrw sie, t0
 la s0, 8f
"""
END = """
 j 8b
 .align 2
9: csrr t0, sepc
 addi t0, t0, 4
 csrw sepc, t0
 csrci sip, 2
 sret
"""
Make = Callable[..., Any]


def program(chance: random.Random, wide: bool) -> str:
    """Calls with more or less sensible arguments, for every hart the same, in an endless loop."""
    extensions = [each for each in Eid if each not in (Eid.LEGACY_SHUTDOWN, Eid.SRST)]
    everyone = (1 << (64 if wide else 32)) - 1
    values = (0, 1, 2, 3, 5, START, START + 2, 0x8000_0000, 0x0800_0000, 4096, everyone, 15 << 16 | 6)
    lines = [BEGIN, "8:"]
    for _ in range(60):
        for register in ("a0", "a1", "a2", "a3", "a4"):
            lines.append(f" li {register}, {chance.choice(values)}")
        if chance.random() < 0.4:
            lines += [" rdtime a0", f" addi a0, a0, {chance.randrange(60)}", " li a1, 0"]
            lines += [f" li a7, {int(Eid.TIME)}", " li a6, 0", " ecall"]  # soon: who sleeps now wakes
            extension, function = Eid.HSM, chance.choice((*[0] * 8, *[3] * 12, 1))
            lines += [f" li a0, {chance.choice((0, 1, 2, 0x8000_0000))}", f" li a1, {START}"]
        else:
            extension, function = chance.choice(extensions), chance.randrange(8)
            function = 0 if extension == Eid.HSM else function
        lines += [f" li a7, {int(extension)}", f" li a6, {function}", " ecall", " csrci sip, 2"]
    return "\n".join((*lines, END.replace("j 8b", "jr s0")))


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32), cpus=st.integers(1, 4))
def test_random_calls_have_a_defined_end_and_go_on_from_every_saved_state(
    supervisor: Make, isa: str, seed: int, cpus: int
) -> None:
    text, cuts = program(random.Random(seed), isa == "riscv64"), random.Random(seed)
    straight, cut, other = (supervisor(text, isa=isa, smp=cpus) for _ in range(3))
    outcome = straight.run(max_insns=BUDGET, timeout=WATCHDOG)
    assert outcome.ending in (Ending.BUDGET, Ending.BLOCKED, Ending.CRASHED, Ending.TRAP_LOOP)
    while cut.retired < straight.retired or outcome.ending is not Ending.BUDGET:
        step = min(cuts.randrange(1, 3000), BUDGET - cut.retired)
        again = cut.run(max_insns=step, timeout=WATCHDOG)
        if again.ending is not Ending.BUDGET:
            break
        other.restore(cut.save())
        assert other.state_hash() == cut.state_hash()
        cut, other = other, cut
    assert (again.ending, again.pc, cut.retired) == (outcome.ending, outcome.pc, straight.retired)
    assert cut.state_hash() == straight.state_hash()
    for each in (straight, cut, other):
        each.close()
