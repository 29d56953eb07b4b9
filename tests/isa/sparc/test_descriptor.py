"""What the descriptors say of themselves."""

from __future__ import annotations

import pytest

import isa
from isa.contract import Isa
from isa.gdb import gdb_registers
from isa.sparc.causes import GATE, V8, V9


@pytest.fixture(params=["sparc", "sparc64"])
def described(request: pytest.FixtureRequest) -> Isa:
    return isa.find(request.param)


def test_gdb_sees_its_own_registers_in_its_own_order(described: Isa) -> None:
    """gdb/sparc-tdep.c and sparc64-tdep.c: these numbers without a gap."""
    rows = gdb_registers(described)
    assert [row.gdb for row in rows] == list(range(72 if described.bits == 32 else 86))
    names = [row.name for row in rows]
    assert names[:16] == [*(f"g{n}" for n in range(8)), *(f"o{n}" for n in range(6)), "sp", "o7"]
    v8, v9 = ["y", "psr", "wim", "tbr", "pc", "npc", "fsr", "csr"], ["pc", "npc", "state", "fsr", "fprs", "y"]
    assert names[64:] == v8 if described.bits == 32 else names[80:] == v9


def test_registers_go_by_all_their_names(described: Isa) -> None:
    for number, name in ((14, "sp"), (30, "fp"), (8, "o0"), (31, "i7")):
        assert described.register(f"r{number}") is described.register(name)
        assert described.general(number).name == name
    assert described.register("o6").name == "sp"


@pytest.mark.parametrize("interrupt", [False, True])
def test_no_trap_type_has_two_names(described: Isa, interrupt: bool) -> None:
    numbers = [row.number for row in described.vectors if row.interrupt == interrupt]
    assert len(numbers) == len(set(numbers))


def test_trap_types_are_the_manuals(described: Isa) -> None:
    """[V8 table 7-1, V9 table 7-1]."""
    wide = described.bits == 64
    rows = (
        [(0x05, "window_overflow"), (0x2A, "division_by_zero"), (0x84, "trap_instruction 0x4")]
        if not wide
        else [(0x84, "spill_1_normal"), (0xE0, "fill_0_other"), (0x104, "trap_instruction 0x4")]
    )
    for number, name in rows:
        assert described.vector_name(number) == name
    level = (0x40 if wide else 0x10) + 9
    assert described.vector_name(level, interrupt=True) == "interrupt_level_9"
    assert not set(V9 if wide else V8) & {(0x100 if wide else 0x80) + GATE}


def test_what_is_missing_is_said(described: Isa) -> None:
    missing = dict(described.missing)
    assert (described.halt is None) == ("halt" in missing)
    assert (described.page_walk is None) == ("page walk" in missing)
