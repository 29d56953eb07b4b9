"""Legacy calls whose mask of harts cannot be read: the caller's own fault, at its call [SBI 2.0, chapter 5]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emu.outcome import Ending

ROOT, NOWHERE, UNTRANSLATED = 0x8040_0000, 0x0800_0000, 0x4000_0000
LOAD_ACCESS, LOAD_PAGE = 5, 13
LARGE_PAGE = 0x8000_0000 >> 12 << 10 | 0xCF  # V R W X A D
Make = Callable[..., Any]

PROGRAM = """
 la t0, 2f
 csrw stvec, t0
 li t0, {satp}
 csrw satp, t0
 sfence.vma
 li a0, {address}
 li a1, 77
 li a7, {extension}
1: ecall
 la s6, 1b
 li a7, 8
 ecall
 .balign 4
2: csrr s1, scause
 csrr s2, stval
 csrr s3, sepc
 addi s4, s4, 1
 addi t0, s3, 4
 csrw sepc, t0
 mv s5, a0
 sret
"""


@pytest.mark.parametrize("extension", [4, 5, 6, 7])
@pytest.mark.parametrize(
    ("satp", "address", "cause", "value"),
    [
        (0, NOWHERE, LOAD_ACCESS, NOWHERE),
        (8 << 60 | ROOT >> 12, UNTRANSLATED, LOAD_PAGE, UNTRANSLATED),
        (8 << 60 | ROOT >> 12, 0xBFFF_FFFC, LOAD_ACCESS, 0xBFFF_FFFC),  # in the large page, past memory
    ],
)
def test_a_mask_that_cannot_be_read_is_a_load_fault_at_the_call(
    supervisor: Make, extension: int, satp: int, address: int, cause: int, value: int
) -> None:
    machine = supervisor(PROGRAM.format(satp=satp, address=address, extension=extension))
    machine.memory.write(ROOT + 16, LARGE_PAGE.to_bytes(8, "little"))
    assert machine.run(max_insns=1000).ending is Ending.POWERED_OFF
    read = machine.vcpus[0].read_register
    assert (read("s1"), read("s2"), read("s4")) == (cause, value, 1)
    assert read("s3") == read("s6")
    assert (read("s5"), read("a1")) == (address, 77)  # nothing was returned


def test_a_guest_without_a_vector_crashes_at_its_call(supervisor: Make, call: Callable[..., str]) -> None:
    outcome = supervisor(call(4, 0, NOWHERE)).run(max_insns=100)
    assert (outcome.ending, outcome.exit_code) == (Ending.CRASHED, 1)
    assert "load access fault" in outcome.text


def test_clear_ipi_tells_whether_one_was_pending(supervisor: Make, call: Callable[..., str]) -> None:
    text = f"{call('IPI', 0, 1, 0)}{call(3)}mv s1, a0\n{call(3)}mv s2, a0\n{call(8)}"
    machine = supervisor(text)
    assert machine.run(max_insns=100).ending is Ending.POWERED_OFF
    assert (machine.vcpus[0].read_register("s1"), machine.vcpus[0].read_register("s2")) == (1, 0)
