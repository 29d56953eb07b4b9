"""What guests do besides what their manifests say, which `axemu suite run guests` checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emu.guest import Guest, load_guest
from emu.outcome import Ending

GUESTS = Path(__file__).resolve().parents[2] / "guests"
WIDTHS = ("riscv64", "riscv32")

Run = Callable[..., Any]


def named(path: str) -> Guest:
    return load_guest(GUESTS / path)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_guest_that_must_fail_fails_by_its_own_verdict(width: str, run_guest: Run) -> None:
    guest = named(f"{width}/must-fail")
    run = run_guest(guest)
    assert (run.outcome.ending, run.outcome.code) == (Ending.POWERED_OFF, 1)
    assert b"FAIL a sum that is wrong" in run.console
    assert not replace(guest.expect, xfail=False).passes(run.outcome, run.console)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_crash_is_told_with_pc_cause_and_symbol(width: str, run_guest: Run) -> None:
    outcome = run_guest(named(f"{width}/crash")).outcome
    assert outcome.ending is Ending.CRASHED
    assert outcome.symbol is not None
    assert outcome.symbol.startswith("third")
    assert f"{outcome.pc:#x}" in outcome.text
    assert "access fault" in outcome.text
    assert "0x8000000" in outcome.text


@pytest.mark.parametrize("width", WIDTHS)
def test_a_jump_to_nowhere_is_told_with_where_it_went(width: str, run_guest: Run) -> None:
    outcome = run_guest(named(f"{width}/jump-nowhere")).outcome
    assert (outcome.ending, outcome.pc, outcome.symbol) == (Ending.CRASHED, 0x08000000, None)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_trap_loop_is_told_with_its_vector(width: str, run_guest: Run) -> None:
    outcome = run_guest(named(f"{width}/trap-loop")).outcome
    assert outcome.ending is Ending.TRAP_LOOP
    assert outcome.symbol is not None
    assert outcome.symbol.startswith("bad_vector")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_budget_ends_at_its_instruction(width: str, run_guest: Run) -> None:
    guest = named(f"{width}/spin")
    run = run_guest(guest)
    assert run.outcome.ending is Ending.BUDGET
    assert run.retired == guest.expect.max_instructions


@pytest.mark.parametrize("harts", range(2, 9))
@pytest.mark.parametrize("width", WIDTHS)
def test_any_number_of_harts_does_the_work_together(width: str, harts: int, run_guest: Run) -> None:
    run = run_guest(named(f"{width}/smp"), smp=harts)
    assert (run.outcome.ending, run.outcome.code) == (Ending.POWERED_OFF, 0)
    assert f"harts {harts}\n".encode() in run.console
    assert b"FAIL" not in run.console


@pytest.mark.parametrize("width", WIDTHS)
def test_a_single_hart_finds_that_it_is_alone(width: str, run_guest: Run) -> None:
    run = run_guest(named(f"{width}/smp"), smp=1)
    assert run.outcome.code == 1
    assert b"harts 1\nFAIL more than one" in run.console


@pytest.mark.parametrize("width", WIDTHS)
def test_a_flood_arrives_whole_and_in_order(width: str, run_guest: Run) -> None:
    lines = run_guest(named(f"{width}/uart-flood")).console.split(b"\n")
    digits = b"0123456789" * 8
    assert len(lines) == 16384 + 2
    assert all(lines[n] == digits[n % 10 :][:63] for n in range(16384))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_echo_waits_for_ever_where_no_line_comes(width: str, run_guest: Run) -> None:
    guest = named(f"{width}/uart-echo")
    run = run_guest(replace(guest, input=b"no end of li"))
    assert run.outcome.ending is Ending.BLOCKED
    assert run.console == b"type a line: "


@pytest.mark.parametrize("width", WIDTHS)
def test_the_echo_ends_at_end_of_transmission(width: str, run_guest: Run) -> None:
    run = run_guest(replace(named(f"{width}/uart-echo"), input=b"abc\x04def"))
    assert run.console == b"type a line: \nyou typed 3 bytes: abc\n"
