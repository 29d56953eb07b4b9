"""Remote fences of translations: harts that share page tables, and a page that moves under one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emu.outcome import Ending

ROOT, MIDDLE, LEAF = 0x8040_0000, 0x8040_1000, 0x8040_2000
OLD, NEW, SHARED, VIRTUAL = 0x8050_0000, 0x8050_1000, 0x8060_0000, 0x4000_0000
TABLE, PAGE = 0x01, 0xCF  # V; V R W X A D
SFENCE_VMA, SFENCE_VMA_ASID = 1, 2


def entry(address: int, flags: int) -> int:
    return address >> 12 << 10 | flags


PROGRAM = f"""
 la a1, 5f
 li a0, 1
 li a2, 0
 li a7, 0x48534d
 li a6, 0
 ecall
 li s0, {SHARED}
 li t0, {8 << 60 | ROOT >> 12}
 csrw satp, t0
 sfence.vma
1: ld t0, 0(s0)
 beqz t0, 1b
 li t1, {LEAF}
 li t2, {entry(NEW, PAGE)}
 sd t2, 0(t1)
 li a0, {{mask}}
 li a1, {{base}}
 li a2, {VIRTUAL}
 li a3, 4096
 li a4, 0
 li a7, {{extension}}
 li a6, {{function}}
 ecall
 mv s3, a0
 li t0, 1
 sd t0, 8(s0)
2: ld t0, 16(s0)
 beqz t0, 2b
 li a7, 8
 ecall
5: li s0, {SHARED}
 li t0, {8 << 60 | ROOT >> 12}
 csrw satp, t0
 sfence.vma
 li t3, {VIRTUAL}
 ld s1, 0(t3)
 li t0, 1
 sd t0, 0(s0)
3: ld t0, 8(s0)
 beqz t0, 3b
 ld s2, 0(t3)
 li t0, 1
 sd t0, 16(s0)
4: j 4b
"""


@pytest.mark.parametrize(
    ("extension", "function", "mask", "base"),
    [
        (0x52464E43, SFENCE_VMA, 2, 0),
        (0x52464E43, SFENCE_VMA, 1, 1),
        (0x52464E43, SFENCE_VMA, 0, -1),
        (0x52464E43, SFENCE_VMA_ASID, 2, 0),
        (6, 0, 0, 0),
        (7, 0, 0, 0),
    ],
)
def test_a_hart_sees_where_a_page_has_gone_after_a_fence_that_names_it(
    supervisor: Callable[..., Any], extension: int, function: int, mask: int, base: int
) -> None:
    text = PROGRAM.format(extension=extension, function=function, mask=mask, base=base)
    machine = supervisor(text, smp=2)
    for address, value in (
        (ROOT + 16, entry(0x8000_0000, PAGE)),
        (ROOT + 8, entry(MIDDLE, TABLE)),
        (MIDDLE, entry(LEAF, TABLE)),
        (LEAF, entry(OLD, PAGE)),
        (OLD, 0x01D),
        (NEW, 0x4E7),
    ):
        machine.memory.write(address, value.to_bytes(8, "little"))
    assert machine.run(max_insns=1_000_000).ending is Ending.POWERED_OFF
    other = machine.vcpus[1]
    assert machine.vcpus[0].read_register("s3") == 0
    assert (other.read_register("s1"), other.read_register("s2")) == (0x01D, 0x4E7)
