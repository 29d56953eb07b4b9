"""The conformance kit: ours pass it, and a descriptor that lies does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from axemu import cli
from axemu.isacheck.command import examine
from axemu.isacheck.findings import FAILED, PASSED, UNTESTED
from isa import find, names
from isa.contract import CpuModel, Isa
from isa.register import Register, Role

GUESTS = Path(__file__).resolve().parents[2] / "guests"
EVERYWHERE = {"CPU models", "registers", "exits", "counting", "slicing", "save and restore"}
"""Checks that no ISA of ours leaves untested."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", names())
def test_ours_pass_it(name: str) -> None:
    findings = list(examine(find(name), GUESTS))
    assert not [each for each in findings if each.status == FAILED]
    assert {each.check for each in findings if each.status == PASSED} >= EVERYWHERE


def statuses(isa: Isa, guests: Path) -> dict[str, str]:
    return {each.check: each.status for each in examine(isa, guests)}


def without_a_register(isa: Isa) -> Isa:
    rows = tuple(replace(row, name="q7", aliases=()) if row.name == "s7" else row for row in isa.registers)
    return replace(isa, registers=rows)


def with_a_register_that_keeps_nothing(isa: Isa) -> Isa:
    def changed(row: Register) -> Register:
        return replace(row, role=Role.FP, read_only=False) if row.name == "marchid" else row

    return replace(isa, registers=tuple(map(changed, isa.registers)))


def with_a_model_too_many(isa: Isa) -> Isa:
    models = (*isa.engine.cpu_models, CpuModel("rv128", 99, "there is none"))
    return replace(isa, engine=replace(isa.engine, cpu_models=models))


LIES: dict[str, tuple[str, Callable[[Isa], Isa]]] = {
    "a name": ("register names", without_a_register),
    "a length": ("instruction length", lambda isa: replace(isa, instruction_length=lambda code: 4)),
    "a register": ("registers", with_a_register_that_keeps_nothing),
    "a model": ("CPU models", with_a_model_too_many),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found(lie: str, tmp_path: Path) -> None:
    check, change = LIES[lie]
    assert statuses(change(find("riscv64")), tmp_path)[check] == FAILED


def test_what_cannot_be_tried_is_untested_with_its_reason(tmp_path: Path) -> None:
    isa = replace(find("riscv64"), capstone=None, gdb=None, missing=(("disassembly", "no library has it"),))
    findings = {each.check: each for each in examine(isa, tmp_path)}
    assert findings["assembler"].status == UNTESTED
    assert "no library has it" in findings["instruction length"].detail
    assert str(tmp_path) in findings["counting"].detail


def test_the_command_says_what_it_found(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code = cli.dispatch(["isa", "check", "riscv64", "--guests", str(tmp_path), "--json"])
    said = json.loads(capfd.readouterr().out)
    assert (code, said["sound"]) == (0, True)
    assert {each["isa"] for each in said["findings"]} == {"riscv64"}


def test_a_name_that_is_none_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.dispatch(["isa", "check", "risc"]) == 2
    assert "riscv64" in capfd.readouterr().err
