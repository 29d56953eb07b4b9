"""Disassembly covers every byte once, decodable or not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import isa
from isa.disassembly import disassemble
from isa.errors import NoSuchAbility

RISCV64 = isa.find("riscv64")


@given(st.binary(max_size=40), st.sampled_from(["riscv64", "riscv32"]), st.integers(0, 1 << 40))
def test_the_lines_cover_the_bytes_without_a_gap(code: bytes, name: str, address: int) -> None:
    lines = disassemble(isa.find(name), code, address)
    assert b"".join(line.code for line in lines) == code
    assert [line.address for line in lines] == [
        address + sum(len(before.code) for before in lines[:index]) for index in range(len(lines))
    ]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ffffffff", ".4byte 0xffffffff"),
        ("2200", ".2byte 0x0022"),
        ("ff", ".byte 0xff"),
        ("ffffff", ".byte 0xff"),
        ("13050500", "mv a0, a0"),
        ("0100", "c.nop"),
        ("", None),
    ],
)
def test_bytes_that_are_no_instruction_are_data_of_its_length(code: str, text: str | None) -> None:
    lines = disassemble(RISCV64, bytes.fromhex(code), 0x1000)
    assert [str(line) for line in lines[:1]] == ([] if text is None else [text])
    assert all(line.decoded == (not line.mnemonic.startswith(".")) for line in lines)


def test_branches_show_the_address_that_they_go_to() -> None:
    line, jump = disassemble(RISCV64, bytes.fromhex("e30005fe6ff0dfff"), 0x1000)
    assert str(line) == "beqz a0, 0xfe0"
    assert str(jump) == "j 0x1000"


def test_the_limit_ends_the_listing() -> None:
    assert len(disassemble(RISCV64, bytes(40), 0, limit=3)) == 3


def test_an_isa_without_a_disassembler_says_why() -> None:
    bare = replace(RISCV64, capstone=None, missing=(("disassembly", "Capstone has no such architecture"),))
    with pytest.raises(NoSuchAbility, match="riscv64 has no disassembler: Capstone has no such architecture"):
        disassemble(bare, b"\0\0", 0)
