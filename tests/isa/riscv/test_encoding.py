"""What we tell from instruction words, against Capstone."""

from __future__ import annotations

import re

import capstone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import isa
from isa.contract import Access, Isa, MemoryAccess
from isa.riscv.encoding import csr_access, instruction_length
from isa.riscv.encoding import decode as find_row
from isa.riscv.instructions import ENCODINGS, IMMEDIATES, REGISTERS, encodings

WIDTHS = {"b": 1, "bu": 1, "h": 2, "hu": 2, "w": 4, "wu": 4, "d": 8}
MEMORY_OPCODES = (0x03, 0x07, 0x23, 0x27, 0x2F)
CAPSTONE = {
    bits: capstone.Cs(
        capstone.CS_ARCH_RISCV, getattr(capstone, f"CS_MODE_RISCV{bits}") | capstone.CS_MODE_RISCVC
    )
    for bits in (32, 64)
}
MORE_THAN_ROWS = {  # hints, reserved encodings and other extensions that Capstone prints as an instruction
    "c.nop", "c.addi", "c.slli", "c.srli", "c.srai", "c.lui", "c.unimp", "c.mv", "c.add", "c.li",
    "slli", "srli", "srai", "fence", "fence.i", "uret", "unimp",
}  # fmt: skip
BITS = st.sampled_from([32, 64])
WORDS = st.one_of(
    st.integers(0, 0xFFFF_FFFF).map(lambda word: word | 3),
    st.builds(
        lambda word, opcode: word & ~0x7F | opcode,
        st.integers(0, 0xFFFF_FFFF),
        st.sampled_from(MEMORY_OPCODES),
    ),
    st.integers(0, 0xFFFF).filter(lambda word: word & 3 != 3),
)


def described(bits: int) -> Isa:
    return isa.find(f"riscv{bits}")


def register(name: str) -> int:
    """A register file of which every register is another number."""
    number = {"sp": 2}.get(name) or int(name[1:])
    return number * 0x0101_0100 if number else 0


def code_of(word: int) -> bytes:
    return word.to_bytes(2 if word & 3 != 3 else 4, "little")


def decode(word: int, bits: int) -> tuple[int, str, str] | None:
    line = next(CAPSTONE[bits].disasm_lite(code_of(word), 0, 1), None)
    return None if line is None else (line[1], line[2], line[3])


def expected_access(mnemonic: str, operands: str, bits: int) -> tuple[MemoryAccess, ...]:
    """From Capstone's text: the size from the name, the address from "offset(register)"."""
    name = mnemonic.removeprefix("c.").split(".")[0]
    match = re.search(r"(-?(?:0x)?[0-9a-f]+)?\((\w+)\)$", operands)
    if match is None:
        return ()
    number = described(bits).register(match.group(2)).number
    address = (register(f"x{number}") + int(match.group(1) or "0", 0)) % (1 << bits)
    if name.startswith(("amo", "lr", "sc")):
        size = WIDTHS[mnemonic.split(".")[1]]
        kinds = {"lr": (Access.LOAD,), "sc": (Access.STORE,)}.get(name, (Access.LOAD, Access.STORE))
        return tuple(MemoryAccess(address, size, kind) for kind in kinds)
    found = re.fullmatch(r"f?([ls])([bhwd]u?)(?:sp)?", name)
    if found is None:
        return ()
    kind = Access.LOAD if found.group(1) == "l" else Access.STORE
    return (MemoryAccess(address, WIDTHS[found.group(2)], kind),)


@given(WORDS, BITS)
@settings(max_examples=500)
def test_lengths_and_effective_addresses_agree_with_capstone(word: int, bits: int) -> None:
    line = decode(word, bits)
    ability = described(bits).effective_address
    assert ability is not None
    if line is None:
        return
    size, mnemonic, operands = line
    assert instruction_length(code_of(word)) == size
    assert ability(code_of(word), register) == expected_access(mnemonic, operands, bits)


@pytest.mark.parametrize("bits", [32, 64])
def test_every_row_with_a_base_register_has_an_effective_address_and_no_other_row(bits: int) -> None:
    ability = described(bits).effective_address
    assert ability is not None
    for row in encodings(bits).values():
        word = row.word
        for kind in row.nonzero:
            word |= 1 << REGISTERS[kind][0]
        touches = "(" in row.operands and row.name != "jalr"
        assert bool(ability(code_of(word), register)) == touches, row.name


@given(WORDS.filter(lambda word: word & 3 == 3), BITS)
def test_csr_accesses_are_found_and_nothing_else_is_one(word: int, bits: int) -> None:
    word = word & ~0x7F | 0x73
    line = decode(word, bits)
    found = csr_access(word)
    if line is None:
        return
    _, mnemonic, _ = line
    assert (found is not None) == mnemonic.startswith(("csr", "rd", "fr", "fs")), mnemonic
    if found is not None and mnemonic in ("csrr", "rdcycle", "rdtime", "rdinstret", "frcsr"):
        assert found.reads
        assert not found.writes


@pytest.mark.parametrize(
    ("text", "reads", "writes"),
    [
        ("csrrw a0, mscratch, a1", True, True),
        ("csrrw zero, mscratch, a1", False, True),
        ("csrrs a0, mscratch, zero", True, False),
        ("csrrs zero, mscratch, zero", True, False),
        ("csrrc a0, mscratch, a1", True, True),
        ("csrrwi zero, mscratch, 0", False, True),
        ("csrrsi a0, mscratch, 0", True, False),
        ("csrrci a0, mscratch, 1", True, True),
    ],
)
def test_csr_instructions_read_and_write_as_table_9_1_says(text: str, reads: bool, writes: bool) -> None:
    from isa.riscv.assembly import assemble64  # noqa: PLC0415

    found = csr_access(int.from_bytes(assemble64(text, 0), "little"))
    assert found is not None
    assert (found.csr, found.reads, found.writes) == (0x340, reads, writes)


@given(WORDS, BITS, st.sampled_from([0, 0x1000, 0x8000_0000]))
@settings(max_examples=250)
def test_branch_targets_agree_with_capstone(word: int, bits: int, pc: int) -> None:
    line = decode(word, bits)
    ability = described(bits).branch_target
    assert ability is not None
    if line is None:
        return
    _, mnemonic, operands = line
    relative = re.fullmatch(r"(c\.)?(j|jal|b\w+)", mnemonic) is not None
    assert (ability(code_of(word), pc) is not None) == relative, mnemonic
    if relative:
        assert ability(code_of(word), pc) == (pc + int(operands.split(", ")[-1], 0)) % (1 << bits)


@given(st.sampled_from(sorted(IMMEDIATES)), st.data())
def test_immediates_encode_and_decode_to_themselves(name: str, data: st.DataObject) -> None:
    layout = IMMEDIATES[name]
    lowest, highest = layout.range
    value = data.draw(st.integers(lowest // layout.step, highest // layout.step)) * layout.step
    assert layout.decode(layout.encode(value)) == value
    assert sum(width for _, width, _ in layout.parts) == layout.bits - (layout.step.bit_length() - 1)


@pytest.mark.parametrize("bits", [32, 64])
def test_every_row_is_what_capstone_calls_it(bits: int) -> None:
    renamed = {"fmv.x.w", "fmv.w.x", "addi", "c.addi4spn", "c.nop", "fence", "sfence.vma"}
    for row in encodings(bits).values():
        word = row.word
        for operand in re.findall(r"[\w']+\+?", row.operands):
            if operand in REGISTERS:
                word |= 1 << REGISTERS[operand][0]
            elif operand in IMMEDIATES:
                layout = IMMEDIATES[operand]
                word |= layout.encode(layout.step * 5 if layout.bits > 5 else layout.step)
        if "jal" in row.name or row.name in renamed or row.name.startswith(("csr", "fsgnj", "c.j")):
            continue
        line = decode(word, bits)
        assert line is not None, row.name
        assert line[1] == row.name


def test_no_two_rows_of_one_width_have_the_same_name() -> None:
    for bits in (32, 64):
        names = [row.name for row in ENCODINGS if row.only in (None, bits)]
        assert len(names) == len(set(names))


@given(WORDS, BITS)
@settings(max_examples=500)
def test_a_word_with_a_row_is_what_capstone_decodes(word: int, bits: int) -> None:
    row = find_row(word, bits)
    line = decode(word, bits)
    if row is not None:
        assert line is not None, row.name
        assert line[0] == row.size
    elif line is not None:
        assert line[1] in MORE_THAN_ROWS, line


@pytest.mark.parametrize("bits", [32, 64])
def test_every_row_decodes_to_itself(bits: int) -> None:
    for row in encodings(bits).values():
        word = row.word
        for operand in re.findall(r"[\w']+\+?", row.operands):
            if operand in REGISTERS:
                word |= 1 << REGISTERS[operand][0]
            elif operand in IMMEDIATES:
                word |= IMMEDIATES[operand].encode(IMMEDIATES[operand].step)
        assert find_row(word, bits) is row
