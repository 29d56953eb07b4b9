"""Branch coverage: the counts are those of single steps, on every way into the formats and out of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from axemu import cli
from axemu.cov import lcov
from axemu.cov.branches import Branch, Falls, branches_in
from axemu.cov.coverage import FileCoverage
from emu.debug.memory import GuestMemory
from emu.engine.counts import BlockCounts
from emu.executions import Layouts, executions, marks
from emu.guest import load_guest
from emu.machine import Machine
from emu.outcome import Ending
from emu.symbols import SymbolKind
from isa import registry

GUESTS = Path(__file__).resolve().parents[2] / "guests"


def stepped(isa: str, wanted: dict[int, int]) -> dict[int, Counter[int]]:
    """For each address of `wanted`: where single steps came to from there, through a slot after so many bytes."""
    found: dict[int, Counter[int]] = {each: Counter() for each in wanted}
    with Machine(load_guest(GUESTS / isa / "debuggee").config()) as machine:
        arch = machine.vcpus[0].arch
        while True:
            pc = arch.pc
            if machine.run(1).ending is Ending.POWERED_OFF:
                return found
            if wanted.get(pc) and arch.pc == pc + wanted[pc]:
                machine.run(1)
            if pc in found:
                found[pc][arch.pc] += 1


def branches_of(machine: Machine) -> list[Branch]:
    """Of the functions that end where the next one begins."""
    mark, found = marks(machine.isa), []
    memory = GuestMemory(machine)
    for each in machine.symbols:
        if each.kind is SymbolKind.FUNCTION and each.size:
            low = each.address & ~mark
            code = memory.readable(low, each.size)
            found += branches_in(machine.isa, code, low, marked=bool(each.address & mark))
    return found


@pytest.mark.parametrize("isa", ["arm", "mips", "riscv64", "sparc"])
def test_counts_are_those_of_single_steps(isa: str) -> None:
    with Machine(load_guest(GUESTS / isa / "debuggee").config()) as machine:
        branches = branches_of(machine)
        machine.count_blocks(branches=True)
        machine.run()
        found = executions(machine.block_counts, Layouts(machine.isa, GuestMemory(machine).readable))
        falls = Falls(machine.block_counts)
        counted = {each: falls.of(each, found) for each in branches if found.at(each.address)}
        targets = machine.isa.branch_target
        assert targets is not None
        taken_to = {
            each: targets(GuestMemory(machine).read(each.address, each.after - each.address), each.address)
            for each in counted
        }
    steps = stepped(isa, {each.address: 4 if isa in ("mips", "sparc") else 0 for each in counted})
    assert len(counted) >= 6
    for each, (taken, passed) in counted.items():
        went = steps[each.address]
        reached = sum(times for pc, times in went.items() if pc == taken_to[each])
        assert (taken, passed) == (reached, went.total() - reached), hex(each.address)
    assert any(taken and passed for taken, passed in counted.values())


@pytest.mark.parametrize("isa", ["aarch64", "ppc64", "s390x", "x86_64"])
def test_loops_are_left_as_often_as_the_source_says(
    isa: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "a.info"
    assert cli.dispatch(["cov", str(GUESTS / isa / "debuggee"), "--branches", "--lcov", str(info)]) == 0
    capfd.readouterr()
    file = next(each for path, each in lcov.read(info).files.items() if path.endswith("debuggee.c"))
    found = [(line, sorted(counts)) for (line, _), counts in sorted(file.branches.items())]
    assert found == [(25, [3, 9]), (32, [3, 9]), (41, [1, 3])]


def test_formats_have_the_branches(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    info, xml, both = (tmp_path / name for name in ("a.info", "a.xml", "both.info"))
    guest = str(GUESTS / "riscv64" / "debuggee")
    assert cli.dispatch(["cov", guest, "--branches", "--lcov", str(info), "--cobertura", str(xml)]) == 0
    out = capfd.readouterr().out
    assert "branches" in out
    whole = lcov.read(info)
    file = next(each for path, each in whole.files.items() if path.endswith("debuggee.c"))
    assert file.branches == {(25, 0): (3, 9), (32, 0): (3, 9), (41, 0): (1, 3)}
    assert cli.dispatch(["cov", "merge", str(info), str(info), "-o", str(both)]) == 0
    assert lcov.read(both).totals["branches_hit"] == whole.totals["branches_hit"] > 0
    root = ElementTree.parse(xml).getroot()
    [made] = root.iterfind(".//class[@name='debuggee.c']/lines")
    lines = {each.attrib["number"]: each for each in made if each.attrib["branch"] == "true"}
    assert lines["41"].attrib["condition-coverage"] == "100% (2/2)"
    assert root.attrib["branches-valid"] == str(whole.totals["branches"])


def test_a_branch_that_never_ran_is_told_from_one_that_went_one_way() -> None:
    file = FileCoverage({1: 0, 2: 5}, {}, {(1, 0): (0, 0), (2, 0): (5, 0)})
    lines = list(lcov._record("a.c", file, ""))
    assert "BRDA:1,0,0,-" in lines
    assert "BRDA:2,0,1,0" in lines
    assert (file.ways, file.ways_hit) == (4, 1)


def test_nothing_else_is_counted_where_nobody_asks() -> None:
    assert BlockCounts().falls is None
    with Machine(load_guest(GUESTS / "riscv64" / "debuggee").config()) as machine:
        machine.count_blocks()
        machine.run(2000)
        plain = machine.retired, machine.block_counts.runs.rows().tolist()
    with Machine(load_guest(GUESTS / "riscv64" / "debuggee").config()) as machine:
        machine.count_blocks(branches=True)
        machine.run(2000)
        assert (machine.retired, machine.block_counts.runs.rows().tolist()) == plain


@pytest.mark.parametrize(
    ("isa", "code", "found"),
    [
        ("riscv64", "63000000" + "6f000000", [Branch(0, 4)]),
        ("x86_64", "7500" + "eb00" + "e300", [Branch(0, 2), Branch(4, 6)]),
        ("mips", "11000001" + "10000001" + "0411ffff", [Branch(0, 8)]),
        ("sparc", "22800002" + "02800002" + "30800002", [Branch(0, 4, swapped=True), Branch(4, 12)]),
    ],
)
def test_what_is_a_conditional_branch(isa: str, code: str, found: list[Branch]) -> None:
    assert list(branches_in(registry.find(isa), bytes.fromhex(code), 0)) == found
