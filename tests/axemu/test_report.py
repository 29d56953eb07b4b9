"""What a run came to: exit code, reason, JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from axemu.report import Report
from axvcpu.exits import GuestException, Halt
from emu.config import MachineConfig
from emu.expectation import Expectation
from emu.guest import Build, Guest
from emu.outcome import Ending, Outcome

PASSED = Outcome(Ending.POWERED_OFF, 0, 0, 0x8000_0010, "main+0x10", None, "the guest powered off")
FAILED = replace(PASSED, code=3, text="the guest powered off with code 3")
GUEST = Guest(Path("g"), "a guest", "riscv64", "bare", Path("g.elf"), Build(()), Expectation())


def report(outcome: Outcome = PASSED, **more: object) -> Report:
    facts: dict[str, object] = {
        "title": "hello.elf",
        "config": MachineConfig(board="bare"),
        "outcome": outcome,
        "instructions": 1234,
        "guest_ns": 1234,
        "seconds": 0.5,
        "exits": {"MmioWrite": 3, "Halt": 1},
        "console_bytes": 5,
        "console_sha256": "00",
        "live": False,
    }
    return Report(**{**facts, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (Ending.POWERED_OFF, 0),
        (Ending.CRASHED, 1),
        (Ending.TRAP_LOOP, 1),
        (Ending.BLOCKED, 1),
        (Ending.BUDGET, 124),
        (Ending.TIMEOUT, 124),
        (Ending.INTERRUPTED, 130),
    ],
)
def test_each_ending_has_its_exit_code(ending: Ending, code: int) -> None:
    assert report(replace(PASSED, ending=ending)).exit_code == code


def test_a_guest_s_own_failure_is_1_and_on_request_its_own_code() -> None:
    assert report(FAILED).exit_code == 1
    assert report(FAILED, guest_exit_code=True).exit_code == 3
    assert report(replace(FAILED, code=0x1_0102), guest_exit_code=True).exit_code == 2
    assert report(replace(FAILED, ending=Ending.CRASHED), guest_exit_code=True).exit_code == 1


def test_leaving_is_no_failure() -> None:
    assert report(replace(PASSED, ending=Ending.INTERRUPTED), left=True).exit_code == 0


def test_an_expectation_decides_where_there_is_one() -> None:
    wants_three = replace(GUEST, expect=Expectation(exit_code=3))
    met = report(FAILED, guest=wants_three, missed=())
    assert (met.exit_code, met.verdict()) == (0, "g: pass")
    missed = report(PASSED, guest=wants_three, missed=("exit code: expected 3, got 0",))
    assert missed.exit_code == 1
    assert missed.verdict().splitlines() == ["g: fail", "  exit code: expected 3, got 0"]


def test_an_expected_failure_passes_by_failing() -> None:
    xfail = replace(GUEST, expect=Expectation(xfail=True))
    assert report(FAILED, guest=xfail, missed=("exit code",)).exit_code == 0
    surprise = report(PASSED, guest=xfail, missed=())
    assert surprise.exit_code == 1
    assert "xpass" in surprise.verdict()


def test_a_limit_that_the_expectation_did_not_ask_for_stays_124() -> None:
    over = replace(PASSED, ending=Ending.BUDGET)
    assert report(over, guest=GUEST, missed=("ending",)).exit_code == 124
    assert (
        report(over, guest=replace(GUEST, expect=Expectation(ending=Ending.BUDGET)), missed=()).exit_code == 0
    )


def test_an_interrupted_run_is_never_a_pass() -> None:
    stopped = replace(PASSED, ending=Ending.INTERRUPTED)
    assert report(stopped, guest=replace(GUEST, expect=Expectation(xfail=True)), missed=None).exit_code == 130


def test_the_reason_names_pc_symbol_and_count_and_says_when_input_was_live() -> None:
    text = report(live=True).reason
    for part in ("the guest powered off", "0x80000010", "main+0x10", "1,234 instructions", "live input"):
        assert part in text
    assert "live input" not in report().reason
    assert report(cause="interrupted (Ctrl-C)").reason.startswith("interrupted (Ctrl-C)")
    assert "cpu2" in report(replace(PASSED, vcpu_id=2)).reason


def test_the_json_has_its_keys_and_plain_values() -> None:
    crash = GuestException(vector=2, name="illegal instruction", pc=0x8000_0010, fault_address=None)
    value = json.loads(json.dumps(report(replace(PASSED, ending=Ending.CRASHED, exit=crash)).as_json()))
    assert " ".join(value) == (
        "schema axemu guest isa machine cpus clock passed exit_code ending reason guest_code vcpu pc symbol "
        "exit instructions guest_ns host_seconds exits console live_input missed hooks"
    )
    assert (value["schema"], value["ending"], value["exit_code"], value["passed"]) == (1, "crashed", 1, False)
    assert (value["pc"], value["symbol"]) == ("0x80000010", "main+0x10")
    assert value["exit"]["kind"] == "GuestException"
    assert value["exit"]["name"] == "illegal instruction"
    assert report(replace(PASSED, exit=Halt())).as_json()["exit"] == {"kind": "Halt"}
    assert report().as_json()["exit"] is None


def test_the_summary_lists_counts_and_exits_by_kind() -> None:
    stream = io.StringIO()
    report().show_summary(Console(file=stream, width=80))
    text = stream.getvalue()
    for part in ("1,234", "1.234 us", "0.500 s", "MmioWrite", "VM exits"):
        assert part in text
    assert text.index("MmioWrite") < text.index("Halt")
