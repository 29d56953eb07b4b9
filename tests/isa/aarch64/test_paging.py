"""The page walk against the engine's: the same address, or the same fault, for random tables, at every level."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import isa
from emu.machine import Machine
from isa.contract import Access

AARCH64 = isa.find("aarch64")
Build = Callable[..., Machine]
CODE, TABLES, PAGE = 0x10000, 0x100000, 4096
READ, WRITE = 0, 1
EL1H = 0x3C5
KINDS = {"translation": 0x04, "access flag": 0x08, "permission": 0x0C}
GRANULES = {12: (0, 2), 14: (2, 1), 16: (1, 3)}  # TG0, TG1


BLOCKS = {12: 30, 14: 25, 16: 29}  # the largest, as a power of two


def entry(source: random.Random, granule: int, tables: list[int]) -> int:
    """A descriptor that means something, most of the time."""
    output = source.choice(tables) if source.random() < 0.8 else source.getrandbits(24) & -1 << granule
    word = output | source.getrandbits(1) << 6 | source.getrandbits(1) << 7 | source.getrandbits(2) << 53
    if source.random() < 0.3:
        word |= source.getrandbits(5) << 59
    word |= (source.random() < 0.9) << 10
    kind = source.choices((0, 1, 3), (1, 2, 6))[0]
    if kind == 1:
        word = word & ~0xFFFF_FFFF_F000 | source.getrandbits(10) << BLOCKS[granule]
    return word | kind


@pytest.mark.parametrize("granule", [12, 14, 16])
@pytest.mark.parametrize("seed", range(3))
def test_random_tables_translate_as_the_engine_has_it(build: Build, granule: int, seed: int) -> None:
    """AT S1E1R, S1E1W, S1E0R, S1E0W give PAR_EL1, which must say what the walk says [DDI 0487, D17.2.107]."""
    source = random.Random(seed * 100 + granule)
    machine = build("at s1e1r, x0\nmrs x1, par_el1\nat s1e1w, x0\nmrs x2, par_el1\nat s1e0r, x0\nmrs x3, par_el1\n"
                    "at s1e0w, x0\nmrs x4, par_el1")  # fmt: skip
    vcpu = machine.vcpus[0].arch
    size = 1 << granule
    tables = [TABLES + i * size for i in range(8)]
    for table in tables:
        words = [entry(source, granule, tables) for _ in range(size // 8)]
        machine.memory.write(table, b"".join(word.to_bytes(8, "little") for word in words))
    low, high = GRANULES[granule]
    compared = 0
    for _ in range(60):
        bits = [source.randint(25, 48) for _ in range(2)]
        control = 64 - bits[0] | 64 - bits[1] << 16 | low << 14 | high << 30 | 5 << 32
        control |= source.getrandbits(2) << 37
        values = {
            "sctlr_el1": 1 | (source.random() < 0.2) << 19,
            "tcr_el1": control,
            "ttbr0_el1": source.choice(tables),
            "ttbr1_el1": source.choice(tables),
        }
        upper = source.random() < 0.5
        address = source.getrandbits(bits[upper] - (source.random() < 0.9)) | (
            -1 << bits[upper] if upper else 0
        )
        address &= (1 << 64) - 1
        if source.random() < 0.1:
            address ^= 1 << source.randint(48, 63)
        for name, value in {**values, "x0": address, "pc": CODE, "cpsr": EL1H}.items():
            vcpu.write_register(name, value)
        results = in_physical(machine, values)
        for result, (user, access) in zip(
            results,
            ((0, Access.LOAD), (0, Access.STORE), (1, Access.LOAD), (1, Access.STORE)),
            strict=True,
        ):
            vcpu.write_register("cpsr", 0 if user else EL1H)
            assert AARCH64.page_walk is not None
            walk = AARCH64.page_walk(machine.space.read_physical, vcpu.read_register, address, access)
            text = f"{address:#x} {user=} {access} {values} {walk} par {result:#x}"
            if "reserved" in walk.reason:  # which the engine takes for a block
                continue
            if walk.physical is None:
                assert result & 1, text
                status = result >> 1 & 0x3F
                if "external" in walk.reason:
                    assert status & ~3 == 0x14, text
                else:
                    kind, _, level = walk.reason.partition(" fault, level ")
                    assert kind in KINDS, text
                    assert status == KINDS[kind] | int(level[0]) if kind in KINDS else True, text
            else:
                assert not result & 1, text
                assert result & 0xFFFF_FFFF_F000 == walk.physical & ~0xFFF, text
            compared += 1
    assert compared > 100


def in_physical(machine: Machine, values: dict[str, int]) -> list[int]:
    """Run the AT instructions where the code is not translated: at EL3, which has its own MMU, off."""
    vcpu = machine.vcpus[0].arch
    vcpu.write_register("cpsr", 0x3CD)
    machine.run(max_insns=8, timeout=20)
    return [vcpu.read_register(f"x{n}") for n in range(1, 5)]
