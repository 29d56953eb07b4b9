"""Tests that speak HTIF, run on axemu: each way to end gets its verdict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance import ours
from conformance.cases import Case, Result, Verdict

PROGRAM = """
    .section .text
    .globl _start
_start:
    la t0, tohost
{body}
stay:
    j stay
    .section .tohost, "aw", @progbits
    .balign 64
    .globl tohost
tohost: .dword 0
    .balign 64
    .globl fromhost
fromhost: .dword 0
"""
SAY_X_THEN_PASS = """
    li t1, 0x0101000000000000 + 'x'
    sd t1, 0(t0)
1:  ld t2, 0(t0)
    bnez t2, 1b
    li t1, 1
    sd t1, 0(t0)
"""
WRITE_THEN_FAIL = """
    la t1, block
    sd t1, 0(t0)
1:  ld t2, 0(t0)
    bnez t2, 1b
    li t1, 7
    sd t1, 0(t0)
    j stay
    .balign 8
block: .dword 64, 1, text, 5
text: .ascii "hello"
    .balign 4
"""


@pytest.fixture
def outcome(request: pytest.FixtureRequest, tmp_path: Path) -> Result:
    """The result of the program whose body is the parameter."""
    source, program = tmp_path / "program.S", tmp_path / "rv64ui-p-demo"
    layout = tmp_path / "layout.ld"
    layout.write_text(
        "ENTRY(_start) SECTIONS { . = 0x80000000; .text : { *(.text) } .tohost : { *(.tohost) } }"
    )
    source.write_text(PROGRAM.format(body=request.param))
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        "riscv64-freestanding",
        "-nostdlib",
        "-static",
    ]
    command += ["-static", f"-Wl,-T,{layout}", str(source), "-o", str(program)]
    subprocess.run(command, check=True, capture_output=True)
    return ours.run_case(Case(program, "riscv64", "rv64ui", "p", "demo"))


def ending(body: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("outcome", [body], indirect=True, ids=["program"])


@ending("    li t1, 1\n    sd t1, 0(t0)")
def test_one_in_tohost_passes(outcome: Result) -> None:
    assert outcome.passed
    assert outcome.instructions is not None and 5 < outcome.instructions <= ours.SLICE


@ending("    li t1, 5 << 1 | 1\n    sd t1, 0(t0)")
def test_an_odd_number_fails_with_the_number_of_the_test(outcome: Result) -> None:
    assert (outcome.verdict, outcome.number) == (Verdict.FAIL, 5)


@ending(SAY_X_THEN_PASS)
def test_a_printed_byte_is_taken_and_the_guest_goes_on(outcome: Result) -> None:
    assert (outcome.verdict, outcome.text) == (Verdict.PASS, "x")


@ending(WRITE_THEN_FAIL)
def test_a_written_text_is_taken_from_the_call_block(outcome: Result) -> None:
    assert (outcome.verdict, outcome.number, outcome.text) == (Verdict.FAIL, 3, "hello")


@ending("    csrw mtvec, zero\n    jr zero")
def test_a_guest_that_crashes_is_an_error_that_says_how(outcome: Result) -> None:
    assert outcome.verdict is Verdict.ERROR
    assert outcome.text


@ending("    nop")
def test_a_guest_that_says_nothing_runs_out_of_its_budget(outcome: Result) -> None:
    assert outcome.verdict is Verdict.TIMEOUT
    assert "no word after" in outcome.text
