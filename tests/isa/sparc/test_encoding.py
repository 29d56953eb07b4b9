"""Our decoder against Capstone's, on random words."""

from __future__ import annotations

import random

import capstone
import capstone.sparc_const as cs
import pytest

import isa
from isa.contract import Access, Isa
from isa.sparc.encoding import branch_target, effective_address, instruction_length

WORDS = 30_000
PC = 0x40_0000
LOADS = {"ld", "ldd", "ldq", "ldsb", "ldsh", "ldsw", "ldub", "lduh", "ldx", "lda", "ldda", "ldxa"}
STORES = {"st", "stb", "sth", "std", "stq", "stx", "sta", "stda", "stxa"}


@pytest.fixture(params=["sparc", "sparc64"])
def described(request: pytest.FixtureRequest) -> Isa:
    return isa.find(request.param)


def decoder(described: Isa) -> capstone.Cs:
    mode = capstone.CS_MODE_BIG_ENDIAN | (capstone.CS_MODE_V9 if described.bits == 64 else 0)
    engine = capstone.Cs(capstone.CS_ARCH_SPARC, mode)
    engine.detail = True
    return engine


def words(formats: tuple[int, ...]) -> list[int]:
    chance = random.Random(7)
    return [chance.getrandbits(30) | chance.choice(formats) << 30 for _ in range(WORDS)]


def test_every_instruction_has_four_bytes(described: Isa) -> None:
    engine = decoder(described)
    for word in words((0, 1, 2, 3))[:2000]:
        code = word.to_bytes(4, "big")
        assert all(each.size == instruction_length(code) for each in engine.disasm(code, PC))


def test_branch_targets_are_capstone_s(described: Isa) -> None:
    engine, target = decoder(described), branch_target(described.bits)
    found = 0
    for word in words((0, 1)):
        code = word.to_bytes(4, "big")
        for each in engine.disasm(code, PC):
            relative = each.mnemonic == "call" or each.group(cs.SPARC_GRP_JUMP) or each.mnemonic[0] in "bf"
            if not relative or each.mnemonic.startswith("flush"):
                continue
            theirs = int(each.op_str.rpartition(",")[2].strip() or "0", 0)
            mine = target(code, PC)
            if described.bits == 32 and word >> 30 == 0 and word >> 22 & 7 in (1, 3, 5):
                assert mine is None  # V9's, which Capstone decodes in every mode
                continue
            assert mine is not None
            assert (mine - theirs) & 0xFFFF_FFFF == 0, (hex(word), each.mnemonic, each.op_str)
            found += 1
    assert found > 1000


def test_effective_addresses_are_capstone_s(described: Isa) -> None:
    engine, accesses = decoder(described), effective_address(described.bits)
    mask = (1 << described.bits) - 1
    values = {f"r{n}": (0x1111_1111_1111_1110 * n) & mask for n in range(32)}
    found = 0
    for word in words((3,)):
        code = word.to_bytes(4, "big")
        for each in engine.disasm(code, PC):
            if each.mnemonic not in LOADS | STORES or each.mnemonic.endswith("a"):
                continue
            memory = next(part.mem for part in each.operands if part.type == cs.SPARC_OP_MEM)
            mine = accesses(code, values.__getitem__)
            if described.bits == 32 and each.mnemonic in ("ldx", "stx", "ldsw", "ldq", "stq"):
                continue  # V9's, which Capstone decodes in every mode

            def value(register: int) -> int:
                return values[f"r{number(engine, register)}"] if register else 0

            expected = value(memory.base) + (value(memory.index) or memory.disp) & mask
            kind = Access.LOAD if each.mnemonic in LOADS else Access.STORE
            assert [(one.address, one.kind) for one in mine] == [(expected, kind)], (hex(word), each.mnemonic)
            found += 1
    assert found > 1000


def number(engine: capstone.Cs, register: int) -> int:
    """Capstone's register, as instructions count them."""
    name = {"sp": "o6", "fp": "i6"}.get(engine.reg_name(register), engine.reg_name(register))
    return 8 * "goli".index(name[0]) + int(name[1])


@pytest.mark.parametrize(
    ("word", "accesses"),
    [
        (0xD06A_2001, [(9, 1, Access.LOAD), (9, 1, Access.STORE)]),  # ldstub [%o0 + 1], %o0
        (0xD07A_2004, [(12, 4, Access.LOAD), (12, 4, Access.STORE)]),  # swap
        (0xD3E2_016A, [(8, 4, Access.LOAD), (8, 4, Access.STORE)]),  # casa [%o0] 0xb, %o2, %o1
        (0xD41A_3FF8, [(0, 8, Access.LOAD)]),  # ldd [%o0 - 8], %o2
        (0x8102_2004, []),  # no access
    ],
)
def test_both_halves_of_an_atomic_access_are_named(
    word: int, accesses: list[tuple[int, int, Access]], described: Isa
) -> None:
    found = effective_address(described.bits)(word.to_bytes(4, "big"), lambda name: 8 if name == "r8" else 0)
    assert [(one.address, one.size, one.kind) for one in found] == accesses
