"""The one door to assemblers: a plug-in's own, Keystone, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

import isa
from isa.assembly import assemble, assembler_name
from isa.contract import Isa, LibraryTarget
from isa.errors import AssemblyError, NoSuchAbility

RISCV64 = isa.find("riscv64")


@pytest.fixture
def by_keystone() -> Isa:
    """An ISA whose assembler is Keystone, which has no RISC-V."""
    return replace(
        RISCV64, name="x86", assembler=None, keystone=LibraryTarget("KS_ARCH_X86", ("KS_MODE_64",))
    )


def test_keystone_assembles_where_the_descriptor_names_it(by_keystone: Isa) -> None:
    assert assembler_name(by_keystone) == "keystone"
    assert assemble(by_keystone, "start: nop\n jmp start", 0x1000) == bytes.fromhex("90ebfd")
    assert assemble(by_keystone, "", 0) == b""


def test_a_line_that_keystone_refuses_is_named(by_keystone: Isa) -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble(by_keystone, "jmp end\nmovv rax, 1\nend: nop", 0)
    assert caught.value.line == 2
    assert "movv rax" in str(caught.value)


def test_a_missing_symbol_is_an_error_in_keystone(by_keystone: Isa) -> None:
    with pytest.raises(AssemblyError):
        assemble(by_keystone, "jmp nowhere", 0)


def test_an_isa_without_an_assembler_says_why() -> None:
    bare = replace(RISCV64, assembler=None, missing=(("assembly", "no library has it"),))
    assert assembler_name(bare) is None
    with pytest.raises(NoSuchAbility, match="riscv64 has no assembler: no library has it"):
        assemble(bare, "nop")
