"""Code that nobody wrote: whatever a guest executes, the run has a defined end, and what is restored goes on as what was
saved."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emu.config import MachineConfig
from emu.machine import Machine
from emu.outcome import Ending
from isa.riscv.assembly import assemble32, assemble64

RAM, TABLE = 0x8000_0000, 0x8010_0000
CODE = 3000  # words
BUDGET = 100_000
WATCHDOG = 60.0  # seconds of host time; nothing here comes near it

HANDLER = """
    la t0, 1f
    csrw mtvec, t0
    li t1, 0x6000
    csrs mstatus, t1        # floating point
    li t1, -1
    csrw pmpaddr0, t1
    li t1, 0x1f
    csrw pmpcfg0, t1        # all memory for every mode
    j 2f
    .align 2
1:  csrr t6, mepc           # a trap goes on with the next instruction, or somewhere else in the code
    csrr t5, mscratch
    addi t5, t5, 1237
    csrw mscratch, t5
    andi t5, t5, 0x7ff
    slli t5, t5, 2
    addi t6, t6, 4
    csrw mepc, t6
    li t3, 0x80000200
    add t5, t5, t3
    bltu t6, t3, 3f
    li t4, 0x80003000
    bltu t6, t4, 4f
3:  csrw mepc, t5
4:  mret
    .align 8
2:"""
CSRS = (
    *(0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x180, 0x180),
    *(0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x320, 0x323, 0x340, 0x341, 0x342, 0x343, 0x344),
    *(0x3A0, 0x3A2, *range(0x3B0, 0x3C0), 0x7A0, 0xB00, 0xB02, 0xB03, 0xC00, 0xC01, 0xC02, 0xF14),
)
PLACES = (
    0x8000_2000,
    TABLE,
    0x1000_0000,
    0x1000_1000,
    0x1010_0000,
    0x200_0000,
    0xC00_0000,
    0x2000_0000,
    0x10_1000,
)
PRIVILEGED = (
    0x3020_0073,
    0x1020_0073,
    0x1050_0073,
    0x73,
    0x10_0073,
    0x100F,
    0xFF0_000F,
)  # mret sret wfi ecall ...


def word(chance: random.Random) -> int:
    """One instruction, as a rule a valid one."""
    rd, rs1, rs2 = chance.randrange(32), chance.randrange(32), chance.randrange(32)
    immediate, bits = chance.getrandbits(12), chance.getrandbits(32)
    match chance.randrange(16):
        case 0:
            return bits
        case 1 | 2 | 3:
            return (
                chance.choice(CSRS) << 20
                | rs1 << 15
                | chance.choice((1, 2, 3, 5, 6, 7)) << 12
                | rd << 7
                | 0x73
            )
        case 4:
            return chance.choice((*(each >> 12 for each in PLACES), bits >> 12)) << 12 | rd << 7 | 0x37
        case 5:
            return immediate << 20 | rs1 << 15 | chance.randrange(8) << 12 | rd << 7 | 0x13
        case 6:
            return immediate << 20 | rs1 << 15 | chance.randrange(8) << 12 | rd << 7 | 0x03
        case 7:
            return (
                immediate << 20 & 0xFE00_0000
                | rs2 << 20
                | rs1 << 15
                | chance.randrange(4) << 12
                | rd << 7
                | 0x23
            )
        case 8:
            return chance.choice((*PRIVILEGED, 0x1200_0073 | rs1 << 15 | rs2 << 20))
        case 9:
            operation = chance.choice((0, 1, 2, 3, 4, 8, 0xC, 0x10, 0x14, 0x18, 0x1C))
            return operation << 27 | rs2 << 20 | rs1 << 15 | chance.choice((2, 3)) << 12 | rd << 7 | 0x2F
        case 10:
            return immediate & 0x80 | rs2 << 20 | rs1 << 15 | chance.choice((0, 1, 4, 5, 6, 7)) << 12 | 0x863
        case 11:
            return bits & 0xFE00_0000 | rs2 << 20 | rs1 << 15 | chance.randrange(8) << 12 | rd << 7 | 0x33
        case 12:
            return bits & ~0x7F | chance.choice((0x53, 0x43, 0x07, 0x27, 0x3B, 0x1B))
        case 13:
            return immediate << 20 | rs1 << 15 | rd << 7 | 0x67
        case 14:
            return bits & 0xFFFF_FFFE  # as two compressed ones
        case _:
            return bits & ~0x7F | 0x17


def made(isa: str, seed: int, cpus: int) -> Machine:
    """A machine whose RAM begins with random code behind a trap handler, and whose registers point to RAM, devices and
    nowhere. There is a table that a random satp may find: it maps large pages, some of them to themselves."""
    chance = random.Random(seed)
    machine = Machine(MachineConfig(isa=isa, board="virt", smp=cpus, ram=16 << 20))
    assemble = assemble64 if isa == "riscv64" else assemble32
    code = assemble(HANDLER, RAM) + b"".join(struct.pack("<I", word(chance)) for _ in range(CODE))
    machine.memory.write(RAM, code)
    shift, entry = (28, "<Q") if isa == "riscv64" else (20, "<I")
    rights = (0xCF, 0xDF, 0xC7, 0xCB, 0x01, 0xC1)
    table = b"".join(
        struct.pack(entry, (number << shift | chance.choice(rights)) & (1 << 8 * struct.calcsize(entry)) - 1)
        for number in range(4096 // struct.calcsize(entry))
    )
    machine.memory.write(TABLE, table)
    modes = (8 << 60, 9 << 60) if isa == "riscv64" else (1 << 31,)
    bits = machine.isa.bits
    for vcpu in machine.vcpus:
        vcpu.arch.set_entry(RAM)
        for number in range(1, 32):
            values = (
                *PLACES,
                *(mode | TABLE >> 12 for mode in modes),
                chance.getrandbits(bits),
                chance.getrandbits(5),
            )
            vcpu.write_register(f"x{number}", chance.choice(values))
    return machine


@pytest.mark.parametrize("isa", ["riscv64", "riscv32"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1 << 32), cpus=st.integers(1, 3))
def test_random_code_has_a_defined_end_and_goes_on_from_every_saved_state(
    isa: str, seed: int, cpus: int
) -> None:
    """Both machines are restored at the same moments, one of them to where it is: random code changes itself, PMP and
    tables without the fences that a program owes, and a restore forgets what the engine had translated."""
    cuts = random.Random(seed)
    with made(isa, seed, cpus) as machine, made(isa, seed, cpus) as other:
        while True:
            step = min(cuts.randrange(1, 40_000), BUDGET - machine.retired)
            outcome, again = (each.run(max_insns=step, timeout=WATCHDOG) for each in (machine, other))
            assert outcome.ending not in (Ending.TIMEOUT, Ending.INTERRUPTED)
            assert (again.ending, again.pc, again.text) == (outcome.ending, outcome.pc, outcome.text)
            assert other.state_hash() == machine.state_hash()
            if outcome.ending is not Ending.BUDGET or machine.retired >= BUDGET:
                break
            machine.restore(machine.save())
            state = other.save()
            other.run(max_insns=cuts.randrange(1, 5000), timeout=WATCHDOG)
            other.restore(state)
        assert machine.retired <= BUDGET
