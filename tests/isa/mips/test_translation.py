"""Code and data are apart in the engine's TLB: code that changes is seen all the same, whichever address changes it."""

from __future__ import annotations

import pytest

from emu.outcome import Ending
from tests.isa.mips.conftest import Build

RETURN = 0x03E00008
LOAD_S0 = 0x24100000  # addiu $s0, $0, immediate
TLB = """
    li $t0, 0x4000
    {move} $t0, $10, 0
    li $t0, 0x487
    {move} $t0, $2, 0
    li $t0, 0x4c7
    {move} $t0, $3, 0
    mtc0 $0, $5, 0
    mtc0 $0, $0, 0
    tlbwi
"""
"""0x4000 is 0x12000, and 0x5000 is 0x13000."""
PLACES = {
    "kseg0": "lui $a0, 0x8001\nori $a0, $a0, 0x2000",
    "kseg1": "lui $a0, 0xa001\nori $a0, $a0, 0x2000",
    "TLB": "li $a0, 0x4000",
}


@pytest.mark.parametrize("written", PLACES)
@pytest.mark.parametrize("run", PLACES)
def test_code_that_changes_is_seen(build: Build, name: str, written: str, run: str) -> None:
    """Three rounds: written before any of it has run, and after; s1 gets what they returned."""
    text = (
        TLB.format(move="dmtc0" if "64" in name else "mtc0")
        + f"""
        {PLACES[run]}
        move $a1, $a0
        {PLACES[written]}
        lui $t0, {LOAD_S0 >> 16:#x}
        lui $t1, {RETURN >> 16:#x}
        ori $t1, $t1, {RETURN & 0xFFFF:#x}
        li $t2, 1
    again:
        or $t3, $t0, $t2
        sw $t3, 0($a0)
        sw $t1, 4($a0)
        sw $0, 8($a0)
        jalr $a1
        nop
        sll $s1, $s1, 4
        or $s1, $s1, $s0
        sw $s1, 0x100($a0)
        lw $s1, 0x100($a1)
        addiu $t2, $t2, 1
        li $t4, 4
        bne $t2, $t4, again
        nop
        wait
    """
    )
    machine = build(text, vector="li $s7, 1\nwait")
    assert machine.run(max_insns=1000).ending is Ending.BLOCKED
    vcpu = machine.vcpus[0].arch
    assert vcpu.read_register("s7") == 0
    assert vcpu.read_register("s1") == 0x123
