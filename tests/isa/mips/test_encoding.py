"""What we tell from MIPS instruction words, against Capstone."""

from __future__ import annotations

import re

import capstone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import isa
from isa.contract import Access
from isa.mips.encoding import ACCESSES

NAMES = pytest.mark.parametrize("name", ["mips", "mipsel", "mips64", "mips64el"])
OPCODES = st.sampled_from(sorted(ACCESSES))
BRANCHES = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 0x11, 0x14, 0x15, 0x16, 0x17])
WORDS = st.one_of(
    st.integers(0, 0xFFFF_FFFF),
    st.builds(lambda word, opcode: word & 0x3FFFFFF | opcode << 26, st.integers(0, 0xFFFF_FFFF), OPCODES),
    st.builds(lambda word, opcode: word & 0x3FFFFFF | opcode << 26, st.integers(0, 0xFFFF_FFFF), BRANCHES),
)
BASE = 0x8000_4000
MEMORY = re.compile(r"(-?(?:0x)?[0-9a-f]+)?\(\$(\w+)\)$")
SIZES = {"b": 1, "h": 2, "w": 4, "d": 8}


def decoded(name: str, word: int) -> tuple[bytes, str, str] | None:
    described = isa.find(name)
    mode = capstone.CS_MODE_MIPS64 if described.bits == 64 else capstone.CS_MODE_MIPS32
    mode |= capstone.CS_MODE_BIG_ENDIAN if described.endian == "big" else capstone.CS_MODE_LITTLE_ENDIAN
    code = word.to_bytes(4, described.endian)  # type: ignore[arg-type]
    line = next(capstone.Cs(capstone.CS_ARCH_MIPS, mode).disasm_lite(code, BASE, 1), None)
    return None if line is None else (code, line[2], line[3])


def register(name: str) -> int:
    """A register file of which every register is another number."""
    number = int(name.removeprefix("r"))
    return number * 0x0101_0100


@NAMES
@settings(max_examples=400, deadline=None)
@given(word=WORDS)
def test_the_memory_that_a_load_or_store_names_is_the_one_that_capstone_prints(name: str, word: int) -> None:
    described = isa.find(name)
    line = decoded(name, word)
    found = described.effective_address(word.to_bytes(4, described.endian), register)  # type: ignore[misc, arg-type]
    if line is None or word >> 26 not in ACCESSES:
        return
    _, mnemonic, operands = line
    match = MEMORY.search(operands)
    if not re.fullmatch(r"(?:l|s)(?:b|h|w|d|l)?(?:u|l|r|c1|d|c)?", mnemonic) or match is None:
        return
    base = register(described.register(match.group(2)).name)
    address = base + int(match.group(1) or "0", 0) & (1 << described.bits) - 1
    assert len(found) == 1, (mnemonic, operands)
    size = 4 if mnemonic in ("ll", "sc") else 8 if mnemonic in ("lld", "scd") else SIZES[mnemonic[1]]
    assert found[0].kind is (Access.LOAD if mnemonic[0] == "l" else Access.STORE)
    if mnemonic in ("lwl", "lwr", "ldl", "ldr", "swl", "swr", "sdl", "sdr"):
        assert found[0].address & -size == address & -size
        assert found[0].address <= address < found[0].address + found[0].size <= (address & -size) + size
        assert (found[0].address + found[0].size) % size == 0 or found[0].address % size == 0
    else:
        assert (found[0].address, found[0].size) == (address, size)


@NAMES
@settings(max_examples=400, deadline=None)
@given(word=WORDS)
def test_a_branch_goes_where_capstone_says(name: str, word: int) -> None:
    described = isa.find(name)
    line = decoded(name, word)
    if line is None or (line[1][0] not in "bj" and word >> 26 not in (4, 5, 6, 7)):
        return
    code, mnemonic, operands = line
    if re.match(r"jr|jalr|break|bitswap|bbit|bz\.|bnz\.", mnemonic):
        return
    last = operands.rpartition(",")[2].strip()
    if not re.fullmatch(r"-?(?:0x)?[0-9a-f]+", last):
        return
    target = described.branch_target(code, BASE)  # type: ignore[misc]
    assert target is not None, (mnemonic, operands)
    assert target & ~1 == int(last, 0) & (1 << described.bits) - 1, (mnemonic, operands)
