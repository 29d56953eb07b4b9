"""The copy of a program that sets menvcfg.ADUE first, before the program's own entry."""

from __future__ import annotations

from conformance.stub import STUB, with_stub
from emu.loaders.elf import load
from tests.axemu.conftest import ROOT

HELLO = ROOT / "guests" / "riscv64" / "hello" / "hello.elf"


def test_the_copy_is_the_program_with_one_segment_more() -> None:
    before, after = (load(HELLO, data) for data in (HELLO.read_bytes(), with_stub(HELLO.read_bytes())))
    assert after.entry == STUB
    assert after.segments[: len(before.segments)] == before.segments
    assert [each.address for each in after.segments[len(before.segments) :]] == [STUB]
    code = after.segments[-1].data
    assert code[:4] == (0x200002B7).to_bytes(4, "little")  # lui t0, 0x20000
    assert code[-4:] == (0x00028067).to_bytes(4, "little")  # jr t0
