"""What we tell from the bytes of instructions, against Capstone, and against what the engine executes."""

from __future__ import annotations

import random
import re
from pathlib import Path

import capstone
import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.contract import Access, MemoryAccess
from isa.x86.encoding import branch_target, effective_address, instruction_length

GUESTS = Path(__file__).resolve().parents[3] / "guests"
WIDTHS = (16, 32, 64)
CAPSTONE = {bits: capstone.Cs(capstone.CS_ARCH_X86, getattr(capstone, f"CS_MODE_{bits}")) for bits in WIDTHS}
NOT_OURS = re.compile(r"^(ud0|ud1|insertq|extrq|x(sha|crypt|store)\w*|montmul)$|^v")
"""No constant of theirs is in the manual's maps (AMD's SSE4a, VIA's PadLock); of ud0, ud1 Capstone takes no ModRM; in
code of 16 bits the engine takes no VEX prefix."""


def engine_decodes_otherwise(code: bytes, bits: int) -> bool:
    """Capstone follows Intel: 66 does nothing to a near branch, a REX prefix counts directly before the opcode only."""
    if bits != 64:
        return False
    prefixes = re.match(rb"[\x26\x2e\x36\x3e\x40-\x4f\x64-\x67\xf0\xf2\xf3]*", code)
    assert prefixes is not None
    found, rest = prefixes.group(), code[prefixes.end() :]
    early_rex = any(each & 0xF0 == 0x40 for each in found[:-1])
    branch = rest[:1] in (b"\xe8", b"\xe9") or (rest[:1] == b"\x0f" and rest[1:2] and 0x80 <= rest[1] <= 0x8F)
    return early_rex or (0x66 in found and bool(branch))


PREFIXED = st.builds(
    lambda prefixes, escape, rest: (bytes(prefixes) + escape + rest)[:15],
    st.lists(st.sampled_from([0x66, 0x67, 0xF2, 0xF3, 0x2E, 0x48, 0x41]), max_size=3),
    st.sampled_from([b"", b"\x0f", b"\x0f\x38", b"\x0f\x3a"]),
    st.binary(min_size=15, max_size=15),
)


@settings(max_examples=3000, deadline=None)
@given(code=PREFIXED, bits=st.sampled_from(WIDTHS))
def test_a_random_instruction_is_as_long_as_capstone_says(code: bytes, bits: int) -> None:
    line = next(CAPSTONE[bits].disasm_lite(code, 0x1000, 1), None)
    if line is None or NOT_OURS.match(line[2]) or engine_decodes_otherwise(code, bits):
        return
    assert instruction_length(bits)(code) == line[1], f"{line[2]} {line[3]}"


@pytest.mark.parametrize("name", ["x86_64", "i386"])
def test_every_instruction_of_the_guests_is_as_long_as_capstone_says(name: str) -> None:
    bits = {"x86_64": 64, "i386": 32}[name]
    length, seen = instruction_length(bits), 0
    for elf in (GUESTS / name).glob("*/*.elf"):
        if elf.stem == "modes":  # has code of all three widths
            continue
        with elf.open("rb") as file:
            tables = ELFFile(file)
            symbols = tables.get_section_by_name(".symtab")
            code = next(s for s in tables.iter_segments("PT_LOAD"))
            for symbol in symbols.iter_symbols():
                start, size = symbol["st_value"], symbol["st_size"]
                if symbol["st_info"]["type"] != "STT_FUNC" or not size:
                    continue
                at = start - code["p_vaddr"]
                for _, found, _, _ in CAPSTONE[bits].disasm_lite(code.data()[at : at + size], start):
                    assert length(code.data()[at : at + 15]) == found
                    at += found
                    seen += 1
    assert seen > 3000


@pytest.mark.parametrize("bits", WIDTHS)
def test_what_is_missing_of_an_instruction_counts_as_zeros(bits: int) -> None:
    chance = random.Random(bits)
    for _ in range(200):
        code = chance.randbytes(1)
        assert 1 <= instruction_length(bits)(code) <= 15


@pytest.mark.parametrize(
    ("code", "bits", "length"),
    [
        ("b8" + "00" * 8, 16, 3), ("66b8" + "00" * 8, 16, 6), ("48b8" + "00" * 8, 64, 10), ("a1" + "00" * 8, 64, 9),
        ("67a1" + "00" * 8, 64, 6), ("a1" + "00" * 8, 16, 3), ("f6c001", 32, 3), ("f7c0" + "00" * 4, 32, 6),
        ("f7d8", 32, 2), ("0f20c0", 64, 3), ("0f2200", 64, 3), ("c8000000", 32, 4), ("9a" + "00" * 6, 32, 7),
        ("66e8" + "00" * 4, 64, 4), ("66" * 20, 64, 15), ("c5f877", 64, 3), ("c500", 32, 2),
    ],
)  # fmt: skip
def test_lengths_of_the_manual(code: str, bits: int, length: int) -> None:
    assert instruction_length(bits)(bytes.fromhex(code)) == length


@settings(max_examples=500, deadline=None)
@given(
    opcode=st.sampled_from(["74", "eb", "e3", "e8", "e9", "0f84"]), distance=st.binary(min_size=4, max_size=4),
    bits=st.sampled_from(WIDTHS), pc=st.integers(0, 0xFFFF),
)  # fmt: skip
def test_a_branch_goes_where_capstone_says(opcode: str, distance: bytes, bits: int, pc: int) -> None:
    code = bytes.fromhex(opcode) + distance
    _, _, _, operands = next(CAPSTONE[bits].disasm_lite(code, pc, 1))
    mask = (1 << bits) - 1
    assert branch_target(bits)(code, pc) == int(operands, 0) & mask


def test_what_is_no_branch_goes_nowhere() -> None:
    for code in (b"\x90", b"", b"\xff\xe0", b"\x0f\x0b", b"\xe8\x00"):
        assert branch_target(64)(code, 0) is None


REGISTERS = {
    "rax": 0x1000, "rbx": 0x20, "rsi": 0x3000, "rdi": 0x4000, "rsp": 0x5000, "pc": 0x6000, "eax": 0x1000,
    "fs_base": 0x70_0000, "ds_base": 0x100, "es_base": 0x200, "ss_base": 0x300, "esi": 0x3000, "edi": 0x4000,
    "esp": 0x5000, "ebx": 0x20, "bx": 0x20, "si": 0x3000,
}  # fmt: skip
LOAD, STORE = Access.LOAD, Access.STORE


@pytest.mark.parametrize(
    ("code", "bits", "expected"),
    [
        ("8b4308", 64, [(0x28, 4, LOAD)]),  # mov eax, [rbx+8]
        ("48890498", 64, [(0x1000 + 0x80, 8, STORE)]),  # mov [rax+rbx*4], rax
        ("0103", 64, [(0x20, 4, LOAD), (0x20, 4, STORE)]),  # add [rbx], eax
        ("64 48 8b 03", 64, [(0x70_0020, 8, LOAD)]),  # mov rax, fs:[rbx]
        ("8b0500010000", 64, [(0x6106, 4, LOAD)]),  # mov eax, [rip+0x100]
        ("a5", 32, [(0x4200, 4, STORE), (0x3100, 4, LOAD)]),  # movsd
        ("8b0424", 32, [(0x5300, 4, LOAD)]),  # mov eax, [esp]
        ("8b00", 16, [(0x3120, 2, LOAD)]),  # mov ax, [bx+si]
        ("8d4308", 64, []),  # lea
        ("90", 64, []),
        ("0f0b", 64, []),
    ],
)
def test_the_memory_that_an_instruction_names(
    code: str, bits: int, expected: list[tuple[int, int, Access]]
) -> None:
    found = effective_address(bits)(bytes.fromhex(code), REGISTERS.__getitem__)
    assert sorted(found, key=str) == sorted((MemoryAccess(*each) for each in expected), key=str)
