"""What the descriptors of i386 and x86-64 say."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import pytest

import isa
from isa.gdb import gdb_registers, target_description
from isa.register import Role
from isa.x86 import CODE_16
from isa.x86.causes import TRIPLE_FAULT, Cause

BOTH = pytest.mark.parametrize("name", ["x86_64", "i386"])


def test_registers_are_numbered_as_gdb_numbers_them() -> None:
    """GDB 13, gdb/features/i386/64bit-core.xml, 64bit-sse.xml, 32bit-core.xml, 32bit-sse.xml."""
    wide = {row.name: row.gdb for row in gdb_registers(isa.find("x86_64"))}
    for name, number in (
        ("rax", 0),
        ("rbx", 1),
        ("rsp", 7),
        ("r15", 15),
        ("rip", 16),
        ("eflags", 17),
        ("gs", 23),
    ):
        assert wide[name] == number
    for name, number in (("st0", 24), ("fctrl", 32), ("fop", 39), ("xmm0", 40), ("xmm15", 55), ("mxcsr", 56)):
        assert wide[name] == number
    narrow = {row.name: row.gdb for row in gdb_registers(isa.find("i386"))}
    for name, number in (
        ("eax", 0),
        ("ecx", 1),
        ("edi", 7),
        ("eip", 8),
        ("eflags", 9),
        ("cs", 10),
        ("st0", 16),
    ):
        assert narrow[name] == number
    for name, number in (("fctrl", 24), ("xmm0", 32), ("xmm7", 39), ("mxcsr", 40)):
        assert narrow[name] == number


@BOTH
def test_gdb_s_features_have_gdb_s_widths(name: str) -> None:
    described = isa.find(name)
    root = ElementTree.fromstring(target_description(described))
    assert root.findtext("architecture") == {"x86_64": "i386:x86-64", "i386": "i386"}[name]
    widths = {reg.get("name"): int(reg.get("bitsize", "0")) for reg in root.iter("reg")}
    for register in ("cs", "eflags", "fctrl", "fop", "mxcsr"):
        assert widths[register] == 32
    assert (widths["st0"], widths["xmm0"]) == (80, 128)
    features = [feature.get("name") for feature in root.iter("feature")]
    assert features[:2] == ["org.gnu.gdb.i386.core", "org.gnu.gdb.i386.sse"]


@BOTH
def test_instructions_know_the_general_registers_in_their_own_order(name: str) -> None:
    described = isa.find(name)
    rows = [
        row for row in described.registers if row.group == "general" and row.role in (Role.GENERAL, Role.SP)
    ]
    letter = "r" if described.bits == 64 else "e"
    named = {row.number: row.name for row in rows}
    assert [named[n] for n in range(8)] == [
        letter + end for end in ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")
    ]
    assert len(rows) == described.bits // 4


def test_every_general_register_has_its_narrower_names() -> None:
    wide, narrow = isa.find("x86_64"), isa.find("i386")
    for name, bits in (
        ("eax", 32),
        ("ax", 16),
        ("al", 8),
        ("ah", 8),
        ("sil", 8),
        ("r8d", 32),
        ("r15w", 16),
        ("r9b", 8),
    ):
        assert wide.register(name).bits == bits
    for name, bits in (("ax", 16), ("dh", 8), ("bp", 16)):
        assert narrow.register(name).bits == bits


def test_a_triple_fault_is_named_by_what_began_it() -> None:
    described = isa.find("x86_64")
    assert described.vector_name(TRIPLE_FAULT + Cause.PAGE_FAULT) == "triple fault (page fault)"
    assert described.vector_name(0x20, interrupt=True) == "external interrupt"


def test_the_code_segment_says_how_to_decode() -> None:
    registers = {"cs_attr": 0xAF9B00, "efer": 0x500}
    described = isa.find("x86_64")
    assert described.decoding is not None
    assert described.decoding(registers.__getitem__).name == "x86_64"
    registers["cs_attr"] = 0xCF9B00
    assert described.decoding(registers.__getitem__).name == "i386"
    registers["cs_attr"] = 0x9B00
    assert described.decoding(registers.__getitem__) is CODE_16


def test_describing_loads_neither_numba_nor_capstone_nor_keystone() -> None:
    code = "import sys, isa.x86; print([m for m in ('numba', 'capstone', 'keystone') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
