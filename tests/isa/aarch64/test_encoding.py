"""What instruction words say of memory and branches, against Capstone on random code."""

from __future__ import annotations

import random

import capstone
import capstone.arm64_const as names
import pytest

import isa
from isa.contract import Access, MemoryAccess

AARCH64 = isa.find("aarch64")
assert AARCH64.effective_address is not None and AARCH64.branch_target is not None
EFFECTIVE_ADDRESS, BRANCH_TARGET = AARCH64.effective_address, AARCH64.branch_target
EXTENSIONS = {
    names.ARM64_EXT_UXTW: lambda value: value & 0xFFFF_FFFF,
    names.ARM64_EXT_SXTW: lambda value: (value & 0xFFFF_FFFF ^ 0x8000_0000) - 0x8000_0000,
}
MASK = (1 << 64) - 1
PC = 0x4_0000
REGISTERS = {f"x{n}": 0x1_2345_6789 * (n + 1) & ~0xF | 0x8000_0000 * (n & 1) for n in range(31)}
REGISTERS |= {"sp": 0x9_0000, "pc": PC, "fp": REGISTERS["x29"], "lr": REGISTERS["x30"]}
NOTHING_HERE = ("prfm", "prfum")
TAGS = {
    "stg",
    "st2g",
    "stzg",
    "stz2g",
    "stgp",
    "ldg",
    "ldgm",
    "stgm",
    "stzgm",
}  # in no CPU model of the engine


@pytest.fixture(scope="module")
def disassembler() -> capstone.Cs:
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    engine.detail = True
    return engine


def one(engine: capstone.Cs, word: int) -> capstone.CsInsn | None:
    return next(engine.disasm(word.to_bytes(4, "little"), PC, 1), None)


def address_of(engine: capstone.Cs, instruction: capstone.CsInsn) -> int | None:
    """By Capstone's memory operand, or the immediate of a literal."""
    for operand in instruction.operands:
        if operand.type != names.ARM64_OP_MEM:
            continue
        base = REGISTERS[engine.reg_name(operand.mem.base)]
        value = base + operand.mem.disp
        if operand.mem.index:
            name = engine.reg_name(operand.mem.index)
            index = 0 if name in ("xzr", "wzr") else REGISTERS[name.replace("w", "x")]
            if name[0] == "w":
                index &= 0xFFFF_FFFF
            index = EXTENSIONS.get(operand.ext, lambda value: value)(index)
            value += index << operand.shift.value
        return int(value) & MASK
    return None


def words(count: int, mask: int = 0, value: int = 0, seed: int = 1) -> list[int]:
    source = random.Random(seed)
    return [source.getrandbits(32) & ~mask | value for _ in range(count)]


def test_the_address_is_that_of_capstone_s_operand(disassembler: capstone.Cs) -> None:
    compared = 0
    for word in words(60_000, 0x0A00_0000, 0x0800_0000):
        instruction = one(disassembler, word)
        found = EFFECTIVE_ADDRESS(word.to_bytes(4, "little"), REGISTERS.__getitem__)
        if instruction is None or instruction.mnemonic in {*NOTHING_HERE, *TAGS}:
            continue
        if instruction.mnemonic.startswith("cpy") or "64b" in instruction.mnemonic:  # Armv8.7 and later
            continue
        expected = address_of(disassembler, instruction)
        if expected is None:
            continue
        text = f"{word:08x} {instruction.mnemonic} {instruction.op_str}"
        assert found, text
        assert found[0].address == expected, text
        stores = instruction.mnemonic.startswith("st")
        loads = instruction.mnemonic.startswith("ld")
        if stores and not loads and len(instruction.mnemonic) <= 5:
            assert found[0].kind is Access.STORE or instruction.mnemonic[2] in "acesu", text
        compared += 1
    assert compared > 20_000


def test_other_instructions_access_nothing(disassembler: capstone.Cs) -> None:
    compared = 0
    for word in words(20_000, seed=2):
        instruction = one(disassembler, word)
        if instruction is None or any(each.type == names.ARM64_OP_MEM for each in instruction.operands):
            continue
        if instruction.mnemonic.startswith("ld") or instruction.mnemonic == "dc":
            continue
        assert EFFECTIVE_ADDRESS(word.to_bytes(4, "little"), REGISTERS.__getitem__) == (), instruction
        compared += 1
    assert compared > 3_000


@pytest.mark.parametrize(
    ("word", "size", "kinds", "count"),
    [
        (0xB9400001, 4, "l", 1),  # ldr w1, [x0]
        (0xF9000001, 8, "s", 1),  # str x1, [x0]
        (0x38C00001, 1, "l", 1),  # ldursb w1, [x0]
        (0x3DC00001, 16, "l", 1),  # ldr q1, [x0]
        (0xA9400801, 8, "l", 2),  # ldp x1, x2, [x0]
        (0x69400801, 4, "l", 2),  # ldpsw x1, x2, [x0]
        (0xAD000801, 16, "s", 2),  # stp q1, q2, [x0]
        (0xC85F7C01, 8, "l", 1),  # ldxr x1, [x0]
        (0x88027C01, 4, "s", 1),  # stxr w2, w1, [x0]
        (0xC87F0801, 8, "l", 2),  # ldxp x1, x2, [x0]
        (0x889FFC01, 4, "s", 1),  # stlr w1, [x0]
        (0xB8220001, 4, "ls", 1),  # ldadd w2, w1, [x0]
        (0xF8228001, 8, "ls", 1),  # swp x2, x1, [x0]
        (0x88A27C01, 4, "ls", 1),  # cas w2, w1, [x0]
        (0x48227C04, 8, "ls", 2),  # casp x2, x3, x4, x5, [x0]
        (0x4C407001, 8, "l", 2),  # ld1 {v1.16b}, [x0]
        (0x0C000001, 8, "s", 4),  # st4 {v1.8b - v4.8b}, [x0]
        (0x0D40C801, 4, "l", 1),  # ld1r {v1.2s}, [x0]
        (0x4D60E001, 1, "l", 4),  # ld4r {v1.16b - v4.16b}, [x0]
        (0x0D208401, 8, "s", 2),  # st2 {v1.d, v2.d}[0], [x0]
        (0x58000041, 8, "l", 1),  # ldr x1, pc + 8
        (0xD50B7420, 64, "s", 1),  # dc zva, x0
        (0xF9800000, 0, "", 0),  # prfm
        (0xD503201F, 0, "", 0),  # nop
    ],
)
def test_widths_kinds_and_numbers_of_accesses(word: int, size: int, kinds: str, count: int) -> None:
    base = 0x5000 if word != 0x58000041 else PC + 8
    found = EFFECTIVE_ADDRESS(word.to_bytes(4, "little"), {**REGISTERS, "x0": 0x5000}.__getitem__)
    names_of = {"l": Access.LOAD, "s": Access.STORE}
    expected = [MemoryAccess(base + i * size, size, names_of[kind]) for i in range(count) for kind in kinds]
    assert list(found) == expected


def test_branches_go_where_capstone_says(disassembler: capstone.Cs) -> None:
    compared = 0
    for word in words(40_000, 0x1C00_0000, 0x1400_0000, seed=3):
        instruction = one(disassembler, word)
        if instruction is None:
            continue
        found = BRANCH_TARGET(word.to_bytes(4, "little"), PC)
        relative = instruction.group(capstone.CS_GRP_BRANCH_RELATIVE) or instruction.mnemonic == "bl"
        if relative:
            assert found == instruction.operands[-1].imm & MASK, instruction
            compared += 1
        else:
            assert found is None, instruction
    assert compared > 5_000
