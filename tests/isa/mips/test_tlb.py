"""The TLB: our walk against the engine's, and that it is saved with the CPU."""

from __future__ import annotations

import ctypes
import random

from emu.engine.library import lib
from emu.machine import Machine
from isa.contract import Access
from isa.mips.paging import page_walk
from tests.isa.mips.conftest import Build, wide

KX_SX_UX = 0xE0
MASKS = (0, 0x6000, 0x1E000, 0x7E000)
UC_PROT_READ = 1


def fill(machine: Machine, name: str, rows: list[tuple[int, int, int, int]]) -> None:
    """Write TLB entries by the guest's own instructions: (EntryHi, EntryLo0, EntryLo1, PageMask)."""
    vcpu = machine.vcpus[0].arch
    for index, row in enumerate(rows):
        for register, value in zip(("entryhi", "entrylo0", "entrylo1", "pagemask"), row, strict=True):
            vcpu.write_register(register, wide(name, value) if register == "entryhi" else value)
        vcpu.write_register("index", index)
        vcpu.write_register("pc", wide(name, 0x8000_1000))
        machine.run(max_insns=1)


def rows_of(chance: random.Random) -> list[tuple[int, int, int, int]]:
    """Entries that do not overlap: each has 2 MiB of its own, in useg or kseg2."""
    rows = []
    for index in range(12):
        mask = chance.choice(MASKS)
        base = (
            (0xC000_0000 if index & 1 else 0) + (index << 21) + (chance.randrange(1 << 20) & ~(mask | 0x1FFF))
        )
        low = [chance.randrange(1 << 10) << 6 & ~(mask >> 7) | chance.randrange(8) for _ in range(2)]
        rows.append((base | chance.choice((0, 0, 5)), *low, mask))
    return rows


def engine_translates(machine: Machine, address: int) -> int | None:
    """By the engine's own walk, for a load."""
    found = ctypes.c_uint64()
    handle = machine.vcpus[0].arch._engine.handle
    status = lib.uc_vmem_translate(handle, ctypes.c_uint64(address), UC_PROT_READ, ctypes.byref(found))
    return None if status else found.value


def test_the_walk_agrees_with_the_engine(build: Build, name: str) -> None:
    machine = build("tlbwi\n" * 2)
    vcpu = machine.vcpus[0].arch
    walk = page_walk(64 if "64" in name else 32)
    chance = random.Random(7)
    hits = 0
    for _ in range(4):
        rows = rows_of(chance)
        fill(machine, name, rows)
        for status in (0, 4, 0x10):
            vcpu.write_register("status", status | (KX_SX_UX if "64" in name else 0))
            for _ in range(100):
                base = chance.choice([row[0] for row in rows] + [0x8000_0000, 0xA000_0000, 0xE000_0000])
                address = wide(name, (base & ~0x1FFF) + chance.randrange(1 << 14) & 0xFFFF_FFFF)
                ours = walk(lambda at, size: None, vcpu.read_register, address, Access.LOAD).physical
                theirs = engine_translates(machine, address)
                assert ours == theirs, (hex(address), hex(status), ours, theirs)
                hits += ours is not None and address & 0xC000_0000 != 0x8000_0000
        vcpu.write_register("status", 0)
    assert hits > 50


def test_the_tlb_is_saved_and_restored_and_no_other_machine_sees_it(build: Build, name: str) -> None:
    machine = build("tlbwi\nlw $s0, 0($t0)\nwait")
    vcpu = machine.vcpus[0].arch
    machine.memory.write(0x7000, (0x1234).to_bytes(4, "big" if "el" not in name else "little"))
    fill(machine, name, [(0x4000, 0x7 << 6 | 7, 0x7 << 6 | 7, 0)])
    state = machine.save()
    vcpu.write_register("t0", 0x4000)
    vcpu.write_register("pc", wide(name, 0x8000_1004))
    machine.run(max_insns=1)
    assert vcpu.read_register("s0") == 0x1234
    other = build("tlbwi\nlw $s0, 0($t0)\nwait")
    assert other.vcpus[0].arch.translate(0x4000) is None
    other.restore(state)
    assert other.vcpus[0].arch.translate(0x4000) == 0x7000
    other.vcpus[0].arch.write_register("t0", 0x4000)
    other.run(max_insns=1)
    assert other.vcpus[0].arch.read_register("s0") == 0x1234
