"""Questions to a trace whose instructions are rows of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.trace_file import BLOCK, BRANCH, EXIT
from emu.trace.query import BadQuestion, NotRecorded, Trace
from tests.axemu.traces.conftest import block_table

MAIN, LOOP, DONE = 0x8000_0000, 0x8000_0008, 0x8000_0010
NOP, SHORT = bytes.fromhex("13000000"), bytes.fromhex("0100")
BLOCKS = (
    (MAIN, (0, 4, 8, 10, 12), NOP + NOP + SHORT + SHORT + NOP),  # main, and loop at its third instruction
    (LOOP, (0, 2, 4), SHORT + SHORT + NOP),
    (DONE, (0,), NOP),
)
ROWS = (
    (0, 0, BLOCK, MAIN, 0, 5, 16, 0),
    (4, 0, BRANCH, MAIN + 12, LOOP, 0, 0, 0),
    (5, 0, BLOCK, LOOP, 1, 3, 8, 0),
    (8, 0, BLOCK, LOOP, 1, 3, 8, 0),
    (10, 0, EXIT, LOOP + 4, 0x1000, 0x2E, 1, 1),
    (11, 1, BLOCK, MAIN, 0, 2, 8, 0),  # stopped before loop
    (13, 0, BLOCK, DONE, 2, 1, 4, 0),
    (14, 0, BLOCK, MAIN, 0, 3, 10, 0),
)
"""Instructions 0 to 16."""


@pytest.fixture
def trace(written: Callable[..., Path]) -> Iterator[Trace]:
    path = written(
        ROWS,
        block_table(BLOCKS),
        rows="block",
        record=["insns", "branches", "exits"],
        names=["", "mmio-write uart"],
        symbols=[["main", MAIN, 8], ["loop", LOOP, 8], ["done", DONE, 4]],
    )
    with Trace(path) as opened:
        yield opened


def walked() -> list[tuple[int, int, int]]:
    """(number, vcpu, pc) of each instruction."""
    return [
        (insn + number, vcpu, BLOCKS[address][0] + BLOCKS[address][1][number])
        for insn, vcpu, kind, _, address, value, _, _ in ROWS
        if kind == BLOCK
        for number in range(value)
    ]


def test_sql_sees_single_instructions(trace: Trace) -> None:
    found = trace.sql("SELECT insn, vcpu, pc, size, code FROM insns ORDER BY insn").fetchall()
    assert [row[:3] for row in found] == walked()
    assert {(row[3], row[4]) for row in found} == {(4, 0x13), (2, 1)}


def test_entries_are_found_within_blocks(trace: Trace) -> None:
    answer = trace.ask("when was loop executed")
    assert [row[:4] for row in answer.rows()] == [
        (2, 0, LOOP, MAIN + 4),
        (5, 0, LOOP, MAIN + 12),
        (8, 0, LOOP, LOOP + 4),
        (16, 0, LOOP, MAIN + 4),
    ]
    inside = [number for number, _, pc in walked() if LOOP <= pc < LOOP + 8]
    assert answer.facts == {
        "function": "loop",
        "address": LOOP,
        "count": 4,
        "first": 2,
        "last": 16,
        "instructions": len(inside),
    }
    assert f"from {inside[0]} to {inside[-1]}" in answer.lead


@pytest.mark.parametrize(("first", "last"), [(3, 8), (0, 2), (6, 15), (16, 20), (4, 4)])
def test_a_span_may_cut_a_block(trace: Trace, first: int, last: int) -> None:
    answer = trace.ask(f"when was loop executed from {first} to {last}")
    numbers = [(number, pc) for number, _, pc in walked() if first <= number <= last]
    assert [row[0] for row in answer.rows()] == [number for number, pc in numbers if pc == LOOP]
    assert answer.facts["instructions"] == sum(LOOP <= pc < LOOP + 8 for _, pc in numbers)


def test_first_and_last_and_one_vcpu(trace: Trace) -> None:
    assert [row[0] for row in trace.ask("when was main first executed").rows()] == [0]
    assert [row[0] for row in trace.ask("when was main last executed").rows()] == [14]
    assert [row[0] for row in trace.ask("when was main executed vcpu 1").rows()] == [11]


def test_what_happened_shows_instructions_and_the_rest_in_order(trace: Trace) -> None:
    found = [(row[0], row[1], row[2], row[3]) for row in trace.ask("what happened at 10 +-2").rows()]
    assert found == [
        (8, 0, "insn", LOOP),
        (9, 0, "insn", LOOP + 2),
        (10, 0, "insn", LOOP + 4),
        (10, 0, "exit", LOOP + 4),
        (11, 1, "insn", MAIN),
        (12, 1, "insn", MAIN + 4),
    ]


def test_calls_are_branches(trace: Trace) -> None:
    assert trace.ask("calls of loop").rows() == [(1, 4, 4, MAIN + 12, "loop+0x4")]
    assert trace.ask("calls of loop in main").rows() == []


def test_without_branches_calls_are_the_instructions_before(written: Callable[..., Path]) -> None:
    changes = {"rows": "block", "record": ["insns"], "symbols": [["loop", LOOP, 8]]}
    with Trace(written(ROWS, block_table(BLOCKS), **changes)) as trace:
        assert sorted(trace.ask("calls of loop").rows()) == [
            (2, 1, 15, MAIN + 4, None),
            (2, 4, 7, LOOP + 4, "loop+0x4"),
        ]
        with pytest.raises(NotRecorded, match="no branches"):
            trace.ask("calls of loop in loop")


def test_without_instructions_branches_tell(written: Callable[..., Path]) -> None:
    with Trace(written(ROWS[1:2], record=["branches"], symbols=[["loop", LOOP, 8]])) as trace:
        answer = trace.ask("when was loop executed")
        assert [row[:4] for row in answer.rows()] == [(5, 0, LOOP, MAIN + 12)]
        assert "only taken branches" in answer.notes[-1]
        with pytest.raises(BadQuestion, match="first and last need the instructions"):
            trace.ask("when was loop last executed")


def test_a_name_of_several_functions_means_all(written: Callable[..., Path]) -> None:
    symbols = [["twin", MAIN, 4], ["twin", DONE, 4], ["main", MAIN, 4]]
    changes = {"rows": "block", "record": ["insns"], "symbols": symbols}
    with Trace(written(ROWS, block_table(BLOCKS), **changes)) as trace:
        answer = trace.ask("when was twin executed")
        assert [row[:3] for row in answer.rows()] == [
            (0, 0, MAIN),
            (11, 1, MAIN),
            (13, 0, DONE),
            (14, 0, MAIN),
        ]
        assert answer.facts["instructions"] == 4


def test_what_was_not_recorded_is_not_answered(trace: Trace) -> None:
    for question in ("who wrote 0x1000", "history of a0", "value of 0x1000 at 5", "value of $a0 at 5"):
        with pytest.raises(NotRecorded, match="recorded were insns, branches, exits"):
            trace.ask(question)
