"""The RISC-V assembler, against Capstone where both can say the same thing."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from unicorn import UC_PROT_ALL, Uc

import isa
from isa.assembly import assemble
from isa.disassembly import Instruction, disassemble
from isa.errors import AssemblyError
from isa.riscv.assembly import LIMIT

BASE = 0x1000
SHIFTS = ("slli", "srli", "srai", "c.slli", "c.srli", "c.srai")
NEVER_ZERO = ("c.addi", "c.lui", "c.slli", "c.srli", "c.srai")
MISNAMED = (
    "pmpaddr13",
    "pmpaddr14",
    "dscratch,",
    "unknown",
)  # Capstone swaps the first two; an old name; fence 0, 0


def words(*, bits: int = 64, address: int = 0, text: str) -> list[str]:
    code = assemble(isa.find(f"riscv{bits}"), text, address)
    return [line.code[::-1].hex() for line in disassemble(isa.find(f"riscv{bits}"), code, address)]


def said_only_by_capstone(line: Instruction, bits: int) -> bool:
    """Reserved encodings and hints that Capstone prints like the instruction they are not."""
    last = line.operands.split(", ")[-1]
    if line.mnemonic in ("c.nop", "c.unimp"):
        return line.code != b"\x01\x00"
    if line.mnemonic in NEVER_ZERO and int(last, 0) == 0:
        return True
    if line.mnemonic in SHIFTS and int(last, 0) >= bits:
        return True
    return any(name in line.operands for name in MISNAMED)


def refusal(text: str, *, bits: int = 64) -> AssemblyError:
    with pytest.raises(AssemblyError) as caught:
        assemble(isa.find(f"riscv{bits}"), text)
    return caught.value


@given(
    st.one_of(
        st.integers(0, 0xFFFF_FFFF).map(lambda word: word | 3),
        st.integers(0, 0xFFFF).filter(lambda word: word & 3 != 3),
        st.builds(
            lambda word, opcode: word & 0x01FF_FFFF & ~0x7F | opcode,
            st.integers(0, 0xFFFF_FFFF),
            st.sampled_from([0x33, 0x3B, 0x13, 0x1B, 0x2F, 0x53, 0x73, 0x63, 0x6F, 0x0F]),
        ),
    ),
    st.sampled_from(["riscv64", "riscv32"]),
)
@settings(max_examples=1000)
@example(0x9817AFEF, "riscv64")  # a jump that wraps below address zero
def test_what_capstone_disassembles_assembles_to_the_same_bytes(word: int, name: str) -> None:
    described = isa.find(name)
    code = word.to_bytes(2 if word & 3 != 3 else 4, "little")
    line, *rest = disassemble(described, code, BASE)
    if not line.decoded:
        return
    assert not rest
    if said_only_by_capstone(line, described.bits):
        return
    assert assemble(described, str(line), BASE) == code


@given(st.integers(-(1 << 63), (1 << 64) - 1))
@example(0x7FFF_FFFF)
@example(0xFFFF_F800)
@example(-(1 << 63))
@example(0x7FFF_FFFF_FFFF_F800)
@settings(deadline=None, max_examples=150)
def test_li_loads_any_constant_in_the_engine(value: int) -> None:
    for bits in (64, 32):
        if not -(1 << bits - 1) <= value < 1 << bits:
            continue
        described = isa.find(f"riscv{bits}")
        code = assemble(described, f"li a0, {value}", BASE)
        uc = Uc(described.engine.arch, described.engine.mode)
        uc.mem_map(BASE, 0x1000, UC_PROT_ALL)
        uc.mem_write(BASE, code)
        uc.emu_start(BASE, BASE + len(code))
        assert uc.reg_read(described.register("a0").unicorn) == value % (1 << bits)


def test_labels_go_both_ways_and_numeric_ones_take_the_nearest() -> None:
    text = """
        1:  beqz a0, 1f
            bnez a0, 1b
        1:  j    1b
        end: j   end
    """
    described = isa.find("riscv64")
    lines = disassemble(described, assemble(described, text, 0x100), 0x100)
    assert [line.operands.split(", ")[-1] for line in lines] == ["0x108", "0x100", "0x108", "0x10c"]


def test_la_call_and_tail_reach_their_labels_pc_relative() -> None:
    text = "la a0, there\n call there\n tail there\n .zero 0x1800\nthere: nop"
    described = isa.find("riscv64")
    code = assemble(described, text, 0x8000_0000)
    lines = disassemble(described, code, 0x8000_0000, limit=6)
    target = 0x8000_0000 + 24 + 0x1800
    for upper, lower in ((lines[0], lines[1]), (lines[2], lines[3]), (lines[4], lines[5])):
        high = int(upper.operands.split(", ")[1], 0)
        low = int(lower.operands.split(", ")[-1].split("(")[0], 0)
        assert upper.address + (high << 12) + low == target


def test_data_directives_are_little_endian_and_may_hold_labels() -> None:
    text = (
        'start: .byte 1, -1, \'a\'; .half 0x1234\n .word start + 4\n .dword -2\n .ascii "a\\n;#"\n .asciz "b"'
    )
    code = assemble(isa.find("riscv32"), text, 0x1000)
    assert code == (
        b"\x01\xffa\x34\x12"
        + (0x1004).to_bytes(4, "little")
        + (2**64 - 2).to_bytes(8, "little")
        + b"a\n;#b\0"
    )


def test_alignment_fills_with_nops() -> None:
    assert words(text="c.nop\n .align 3\n nop") == ["0001", "0001", "00000013", "00000013"]


def test_equ_expressions_and_relocations() -> None:
    text = """
        .equ UART, 0x10000000 + (3 << 4) - 1
        lui  a0, %hi(UART)
        addi a0, a0, %lo(UART)   # back to UART
        li   a1, ~UART & 0xff
    """
    assert words(text=text) == ["10000537", "02f50513", "0d000593"]


def test_the_widths_differ_where_the_manual_says() -> None:
    assert words(text="slli a0, a0, 63") == ["03f51513"]
    assert "0x3f (63) is out of reach, expected 0 to 31" in refusal("slli a0, a0, 63", bits=32).message
    assert "in riscv64 only" in refusal("ld a0, 0(a1)", bits=32).message
    assert "in riscv32 only" in refusal("c.jal 16", bits=64).message
    assert words(bits=32, text="li a0, 0xffffffff") == ["fff00513"]
    assert "does not fit in 32 bits" in refusal("li a0, 0x100000000", bits=32).message


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("nop\n  addi a0, a1, 4096", 2, 16, "expected -2048 to 2047"),
        ("lw a0, 4(b1)", 1, 10, "expected an integer register, found 'b1'"),
        ("fadd.s fa0, a1, fa2", 1, 13, "expected a floating-point register"),
        ("addq a0, a1, a2", 1, 1, "unknown (near: add"),
        ("beq a0, a1, nowhere", 1, 13, "unknown symbol 'nowhere'"),
        ("li a0, nowhere", 1, 8, "for an address use la"),
        ("c.lw a0, 3(a1)", 1, 10, "not a multiple of 4"),
        ("c.lw t6, 0(a0)", 1, 6, "registers 8 to 15 only"),
        ("c.lwsp zero, 0(sp)", 1, 8, "does not take 'zero'"),
        ("csrr a0, mstatu", 1, 10, "near: mstatus"),
        ("a: nop\na: nop", 2, 1, "label 'a' is already at 0x0"),
        ("addi a0 a1 3", 1, 1, "takes rd, rs1, imm; found 1"),
        ("mv a0", 1, 1, "another number of operands"),
        (".word 1 / 0", 1, 1, "division by zero"),
        (".word (1", 1, 1, "not closed"),
        (".word 010", 1, 1, "0o10"),
        (".byte 256", 1, 7, "does not fit in 1 bytes"),
        (".section .data", 1, 1, "no directive .section"),
        ("j . + 0x200000", 1, 3, "out of reach"),
        ("j . + 1", 1, 3, "not a multiple of 2"),
        (".zero 0x7fffffff", 1, 7, f"expected 0 to {LIMIT}"),
        (".ascii hello", 1, 8, 'strings in "quotes"'),
        ("fadd.s fa0, fa1, fa2, up", 1, 23, "no rounding mode"),
        ("fence rw, x", 1, 11, "letters of iorw"),
        ("lui a0, %hi(1 << 40)", 1, 1, "beyond the reach of %hi"),
        ("amoadd.w a0, a1, 4(a2)", 1, 18, "takes no offset"),
        (".word " + "(" * 500 + "1" + ")" * 500, 1, 1, "inside each other"),
        (".word " + "9" * 5000, 1, 1, "more than 80 digits"),
        (".word 1 << 100000", 1, 1, "expected 0 to 128"),
    ],
)
def test_a_fault_names_its_line_its_column_and_what_was_expected(
    text: str, line: int, column: int, message: str
) -> None:
    error = refusal(text)
    assert message in error.message
    assert (error.line, error.column) == (line, column)
    assert f"line {line}, column {column}" in str(error)


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text_assembles_or_is_refused(text: str) -> None:
    try:
        assemble(isa.find("riscv64"), text)
    except AssemblyError as error:
        assert error.line >= 1
