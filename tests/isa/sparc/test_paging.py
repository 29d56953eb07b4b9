"""The walk of the reference MMU against the engine's, on random tables."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from emu.machine import Machine
from emu.outcome import Ending
from isa.contract import Access
from isa.sparc.paging import page_walk

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
