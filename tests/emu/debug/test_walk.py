from pathlib import Path

import pytest

from emu.config import MachineConfig
from emu.debug.errors import NotPossible
from emu.debug.mappings import Inner, Leaf, Range, Scan, Tables, mappings, merged
from emu.debug.walk import size_text, walk
from emu.guest import load_guest
from emu.machine import Machine
from isa.abilities import Access

GUESTS = Path(__file__).parents[3] / "guests"
SUPERVISOR = {"priv": 1, "mstatus": 1 << 18}  # SUM


def paging(name, instructions, wanted=None):
    guest = load_guest(GUESTS / name)
    machine = Machine(guest.config())
    for _ in range(60):
        machine.run(max_insns=instructions)
        if len(mappings(machine, 0).ranges) > 2 and (wanted is None or wanted(machine)):
            return machine
    machine.close()
    raise AssertionError("the guest maps nothing")


@pytest.mark.parametrize(
    ("name", "pretend"),
    [
        ("riscv64/paging", SUPERVISOR),
        ("riscv64/paging-sv48", SUPERVISOR),
        ("riscv64/paging-sv57", SUPERVISOR),
        ("riscv32/paging", SUPERVISOR),
        ("aarch64/paging", {}),
        ("x86_64/modes", {"cpl": 0}),
        ("i386/modes", {"cpl": 0}),
    ],
)
def test_what_is_listed_is_what_the_walk_finds(name, pretend):
    with paging(name, 1500) as machine:
        before = machine.state_hash()
        found = mappings(machine, 0)
        for each in found.ranges[:40]:
            for address in (each.address, each.address + each.size // 2, each.last):
                got = [walk(machine, 0, address, kind, pretend) for kind in Access]
                there = [one for one in got if one.physical is not None]
                if each.rights.replace("u", ""):
                    assert there, (str(each), got[0].rows[-1])
                assert all(one.physical == each.physical + address - each.address for one in there)
        assert machine.state_hash() == before
        addresses = [each.address for each in found.ranges]
        assert addresses == sorted(addresses)
        behind = [
            each.last + 1 for each in found.ranges if each.last + 1 not in addresses and each.last >> 62 == 0
        ]
        for address in behind[:5]:
            if address < 1 << machine.isa.bits:
                assert walk(machine, 0, address, None, pretend).physical is None


def test_a_walk_is_told_level_by_level():
    def users(machine):
        return [each for each in mappings(machine, 0).ranges if {*"ru"} <= {*each.rights}]

    with paging("riscv64/paging", 1500, users) as machine:
        user = users(machine)[0]
        shown = walk(machine, 0, user.address, Access.LOAD, SUPERVISOR)
        assert [row.level for row in shown.rows] == [2, 1, 0, None]
        assert [row.result for row in shown.rows[:3]] == [
            "table of level 1",
            "table of level 0",
            "page of 4 KiB",
        ]
        assert shown.rows[2].flags.split()[:2] == ["V", "R"]
        assert shown.physical == user.physical
        assert shown.rows[-1].result.startswith(f"{user.physical:#x}  r")
        refused = walk(machine, 0, user.address, Access.LOAD, {"priv": 1, "mstatus": 0})
        assert refused.physical is None
        assert refused.rows[-2].result == "a user page, accessed from S-mode without mstatus.SUM"
        assert refused.rows[-1].result == "fault (load page fault)"
        missing = walk(machine, 0, 0x7_0000_0000, None, SUPERVISOR)
        assert missing.rows[-2].result == "the entry is not valid"
        assert str(missing.rows[0]).startswith("level 2  0x")


def test_without_translation_an_address_is_its_own():
    with Machine(MachineConfig(board="bare", ram=1 << 20)) as machine:
        found = walk(machine, 0, 0x8000_0000)
        assert found.physical == 0x8000_0000
        assert [row.result for row in found.rows] == ["0x80000000  rwx, not by tables"]
        assert mappings(machine, 0).ranges == ()
        assert "Translation is off" in mappings(machine, 0).note


@pytest.mark.parametrize("name", ["ppc", "m68k", "sparc64", "s390x", "tricore"])
def test_an_instruction_set_without_a_walk_says_why(name):
    with Machine(MachineConfig(isa=name, board="bare", ram=1 << 20)) as machine:
        with pytest.raises(NotPossible, match=name):
            walk(machine, 0, 0)
        assert name in mappings(machine, 0).note


@pytest.mark.parametrize("name", ["mips", "mips64el", "arm", "sparc"])
def test_others_have_a_list_or_say_why_not(name):
    with Machine(MachineConfig(isa=name, board="bare", ram=1 << 20)) as machine:
        assert walk(machine, 0, 0x8000_1000 if name.startswith("mips") else 0x1000).rows
        assert mappings(machine, 0).note


def test_neighbours_with_the_same_rights_are_one():
    rows = [
        Range(0, 0x1000, 0x1000, "r"),
        Range(0x1000, 0x2000, 0x1000, "r"),
        Range(0x2000, 0x3000, 0x1000, "rw"),
    ]
    assert list(merged(rows)) == [Range(0, 0x1000, 0x2000, "r"), rows[2]]
    apart = [Range(0, 0, 0x1000, "r"), Range(0x1000, 0x9000, 0x1000, "r")]
    assert list(merged(apart)) == apart
    assert list(merged([])) == []


def test_tables_that_contain_themselves_end(monkeypatch):
    monkeypatch.setattr("emu.debug.mappings.TABLES", 20)

    def decode(level, entry, denied):
        return Leaf(entry, "r") if level == 0 else Inner(entry, denied)

    table = (0x1000).to_bytes(8, "little") * 512
    scan = Scan(lambda address, size: table[:size])
    tree = Tables(0x1000, (9, 9, 9, 9), (12, 21, 30, 39), 8, decode, split=True)
    assert sum(1 for _ in scan.ranges(tree)) > 512
    assert scan.exhausted


def test_no_more_rows_than_asked_for():
    with paging("riscv64/paging", 1500) as machine:
        few = mappings(machine, 0, 2)
        assert len(few.ranges) == 2
        assert few.note == "There are more: these are the first 2."


def test_sizes_are_round():
    assert [size_text(size) for size in (4096, 2 << 20, 1 << 30, 512 << 30, 100)] == [
        "4 KiB",
        "2 MiB",
        "1 GiB",
        "512 GiB",
        "100 bytes",
    ]
