"""The walk of the reference MMU against the engine's, on random tables."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import isa
from emu.machine import Machine
from emu.outcome import Ending
from isa.assembly import assemble
from isa.contract import Access
from isa.sparc.instructions import ASI_LSU, sta
from isa.sparc.paging import page_walk

from .conftest import CODE

Build = Callable[..., Machine]
TABLE, CONTEXTS, FIRST, SECOND, THIRD = 0x8000, 0x10000, 0x11000, 0x12000, 0x13000
IDENTITY = 0 << 4 | 7 << 2 | 2  # the first 16 MiB, for the supervisor
SWITCH_ON, SLEEP_AFTER = "sta %g1, [%g0] 0x19\n ", "\n wr %g0, %asr19"
ACCESSES = {Access.LOAD: "ld [%l0], %l1", Access.STORE: "st %g0, [%l0]", Access.FETCH: "jmp %l0\n nop"}
SLEEP = bytes.fromhex("a7802000 01000000 01000000 01000000")


def translating(build: Build, text: str) -> Machine:
    """A guest that switches its MMU on and runs `text`."""
    machine = build(SWITCH_ON + text + SLEEP_AFTER)
    vcpu = machine.vcpus[0]
    machine.memory.write(TABLE, SLEEP * 256)
    for address, word in ((CONTEXTS, FIRST >> 4 | 1), (FIRST, IDENTITY)):
        machine.memory.write(address, word.to_bytes(4, "big"))
    for register, value in (
        ("tbr", TABLE), ("wim", 0), ("psr", 0xA2), ("mmu_context_table", CONTEXTS >> 4), ("g1", 1),
    ):  # fmt: skip
        vcpu.write_register(register, value)
    return machine


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize("seed", range(40))
def test_the_walk_is_the_engine_s(build: Build, access: Access, seed: int) -> None:
    chance = random.Random(f"{seed} {access}")
    machine = translating(build, ACCESSES[access])
    vcpu = machine.vcpus[0]
    address = 0x0123_4560 & ~3 | chance.getrandbits(7) << 25 | 1 << 24
    page = 0x20 + chance.randrange(4)  # where a fetch finds power-down
    for place in range(0x20000, 0x24000, 16):
        machine.memory.write(place, SLEEP)
    rights = chance.randrange(8)
    leaf = page << 8 | rights << 2 | chance.choice((2, 2, 2, 2, 0, 3, 1))
    level = chance.choice((2, 3, 3, 3))
    entries = [(FIRST + 4 * (address >> 24), SECOND >> 4 | chance.choice((1, 1, 1, 1, 1, 0)))]
    if level == 2:
        leaf &= ~0x3F00  # 256 KiB
        machine.memory.write(address & 0x3FFFC, SLEEP)
        entries.append((SECOND + 4 * (address >> 18 & 63), leaf))
    else:
        entries.append((SECOND + 4 * (address >> 18 & 63), THIRD >> 4 | 1))
        entries.append((THIRD + 4 * (address >> 12 & 63), leaf))
    for place, word in entries:
        machine.memory.write(place, word.to_bytes(4, "big"))
    vcpu.write_register("l0", address)
    machine.run(max_insns=1)  # the MMU is on
    assert vcpu.read_register("mmu_control") & 1 == 1
    walk = page_walk(machine._read_physical, vcpu.read_register, address, access)
    assert machine.run(timeout=20).ending is Ending.BLOCKED
    read = vcpu.read_register
    trapped = read("tbr") >> 4 & 0xFF
    assert trapped == (0 if walk.fault is None else walk.fault), walk
    if walk.fault is not None:
        assert read("mmu_fault_address") & ~0xFFF == address & ~0xFFF
        assert access is Access.FETCH or read("mmu_fault_address") == address
        return
    assert walk.physical is not None
    last = walk.steps[-1]
    written = int.from_bytes(machine._read_physical(last.address, 4) or b"", "big")
    assert written == (walk.update if walk.update is not None else last.value)


def test_off_means_identity() -> None:
    registers = {"mmu_control": 0}
    result = page_walk(lambda address, size: None, registers.__getitem__, 0x1234, Access.LOAD)
    assert (result.physical, result.page_size, result.fault) == (0x1234, 0, None)


def test_a_table_in_no_memory_is_a_translation_error() -> None:
    registers = {"mmu_control": 1, "mmu_context_table": 0, "mmu_context": 0, "psr": 0x80}
    result = page_walk(lambda address, size: None, registers.__getitem__, 0x1234, Access.STORE)
    assert (result.physical, result.fault, result.reason[:17]) == (None, 9, "translation error")


def test_devices_answer_behind_the_mmu(build: Build) -> None:
    """A page of the UART at another address; the second store in a slot."""
    text = "set 0x40000000, %l0\n or %g0, 72, %l1\n st %l1, [%l0]\n ba lab\n st %l2, [%l0]\nlab: nop"
    machine = translating(build, text)
    uart = 0x10000 << 8 | 3 << 2 | 2
    machine.memory.write(FIRST + 4 * 0x40, uart.to_bytes(4, "big"))
    machine.vcpus[0].write_register("l2", 105)
    assert machine.run(timeout=20).ending is Ending.BLOCKED
    assert machine.console_output == b"Hi"


def test_v9_misses_its_tlb_and_goes_on_with_what_the_handler_puts_there(build: Build) -> None:
    """[UltraSPARC IIi manual, chapter 15]: fast_data_access_MMU_miss, in a slot, with the MMU's own globals."""
    dmmu_on, fill = sta(1, 0, ASI_LSU, wide=True), sta(3, 0, 0x5C, wide=True)  # ASI_DTLB_DATA_IN
    text = f"""
 or %g0, 8, %g1
 .word {dmmu_on:#x}
 sethi %hi(0x40000000), %g2
 ba lab
 ldx [%g2 + 24], %g3
 nop
lab: ba lab
 nop
"""
    handler = f"""
 or %g0, 1, %g3
 sllx %g3, 63, %g3
 sethi %hi(0x6000), %g4
 or %g3, %g4, %g3
 or %g3, 0x46, %g3
 .word {fill:#x}
"""
    machine = build(text, "sparc64")
    vcpu = machine.vcpus[0]
    code = assemble(isa.find("sparc64"), handler, 0) + bytes.fromhex("83f00000")  # retry
    machine.memory.write(0x8000 + 0x68 * 32, code)
    machine.memory.write(0x6018, bytes.fromhex("1122334455667788"))
    for register, value in (("tba", 0x8000), ("tl", 0), ("pstate", 0x14)):
        vcpu.write_register(register, value)
    machine.run(max_insns=30)
    read = vcpu.read_register
    assert (read("g3"), read("tl"), read("pstate")) == (0x1122_3344_5566_7788, 0, 0x14)
    assert (read("tt1"), read("tpc1"), read("tnpc1")) == (0x68, CODE + 16, CODE + 24)
