"""Code that nobody wrote: it does not matter in which slices it runs, and the host survives it."""

from __future__ import annotations

import random
import struct

import pytest

import isa
from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa.assembly import assemble
from isa.mips.encoding import ACCESSES
from tests.isa.mips.conftest import KSEG0, NAMES, wide

CODE, WORDS, BUDGET = 0x1_0000, 0x1000, 1500
BASES = (0x8002_0000, 0x8002_0100, 0xB003_0000, 0xB002_0000, 0xA002_0000, 0x8001_5000, 0xA800_0000, 0x400)
"""What registers 16 to 23 point to: memory in two segments, devices, code, nowhere, the TLB's."""
BRANCHES = (1, 4, 5, 6, 7, 0x11, 0x14, 0x15, 0x16, 0x17)
PLAIN = (0x0C, 0x0D, 0x4200_0018, 0x4200_0020, 0x0F, 0x4160_6000, 0x4160_6020, 0x4200_0002, 0x4200_0008)
CONTROL = (0, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 13, 14, 15, 16, 18, 30)
HANDLER = """
    {from_} $26, $14, 0     # go on behind the instruction, and behind its branch
    mfc0 $27, $13, 0
    srl $27, $27, 31
    beqz $27, on
    addiu $26, $26, 4
    addiu $26, $26, 4
on: andi $26, $26, 0x3ffc
    lui $27, 0x8001
    or $26, $26, $27
    {to} $26, $14, 0
    mfc0 $27, $12, 0
    srl $27, $27, 23        # no BEV
    sll $27, $27, 23
    ori $27, $27, 0xff03
    mtc0 $27, $12, 0
    eret
"""


def word(chance: random.Random) -> int:
    """One instruction, as a rule a valid one."""
    rs, rt, rd = chance.randrange(32), chance.randrange(32), chance.randrange(32)
    immediate, bits = chance.getrandbits(16), chance.getrandbits(32)
    match chance.randrange(10):
        case 0:
            return bits
        case 1 | 2:
            return rs << 21 | rt << 16 | rd << 11 | chance.randrange(64)
        case 3:
            return (
                chance.choice((8, 9, 10, 11, 12, 13, 14, 15, 24, 25)) << 26 | rs << 21 | rt << 16 | immediate
            )
        case 4 | 5:
            low = immediate & 0x7FC if chance.random() < 0.8 else immediate
            return (
                chance.choice(sorted(ACCESSES)) << 26 | chance.randrange(16, 24) << 21 | rt % 16 << 16 | low
            )
        case 6 | 7:
            opcode = chance.choice(BRANCHES)
            first = 8 if opcode == 0x11 else rs
            return opcode << 26 | first << 21 | rt << 16 | chance.randrange(-12, 13) & 0xFFFF
        case 8:
            move = chance.choice((0x4000_0000, 0x4080_0000, 0x4020_0000, 0x40A0_0000))
            return move | rt << 16 | chance.choice(CONTROL) << 11
        case _:
            return chance.choice(
                (*PLAIN, 2 << 26 | CODE + 4 * chance.randrange(WORDS) >> 2, bits >> 6 | 0x11 << 26)
            )


def made(name: str, seed: int) -> Machine:
    chance = random.Random(seed)
    described = isa.find(name)
    machine = Machine(MachineConfig(isa=name, board="bare", ram=4 << 20))
    order = ">I" if described.endian == "big" else "<I"
    machine.memory.write(CODE, b"".join(struct.pack(order, word(chance)) for _ in range(WORDS)))
    moves = ("dmfc0", "dmtc0") if described.bits == 64 else ("mfc0", "mtc0")
    text = ".set noreorder\n.set noat\n" + HANDLER.format(from_=moves[0], to=moves[1])
    handler = assemble(described, text, KSEG0 + 0x180)
    for place in (0, 0x80, 0x180, 0x200):
        machine.memory.write(place, handler)
    machine.run(max_insns=0)
    vcpu = machine.vcpus[0].arch
    for number in range(1, 32):
        value = BASES[number - 16] if 16 <= number < 24 else chance.getrandbits(32)
        vcpu.write_register(f"r{number}", wide(name, value))
    vcpu.write_register("status", (0x2000_0000 if seed % 3 else 0) | (0xFF01 if seed % 2 else 0))
    vcpu.write_register("pc", wide(name, KSEG0 + CODE))
    return machine


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(6))
def test_a_run_in_slices_is_the_run(name: str, seed: int) -> None:
    ends = set()
    for size in (BUDGET, 1, 7, 50):
        with made(name, seed) as machine:
            while machine.retired < BUDGET:
                ending = machine.run(max_insns=min(size, BUDGET - machine.retired)).ending
                if ending is not Ending.BUDGET:
                    break
            ends.add((ending, machine.retired, machine.vcpus[0].arch.pc, machine.state_hash()))
    assert len(ends) == 1
