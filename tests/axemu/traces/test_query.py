"""Questions to a trace: each answer as a walk over its rows in plain Python gives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bench.trace_file import (
    BRANCH,
    COUNTER,
    EXIT,
    HANDLER,
    HEAP,
    INSN,
    INTERRUPT,
    MAIN,
    PUT_CHAR,
    READ,
    REG,
    REGISTERS,
    STACK,
    STEP,
    WRITE,
)
from emu.trace.query import BadQuestion, BadSql, NotRecorded, Trace

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def rows(parquet: Path) -> Rows:
    found: Rows = pq.read_table(parquet).to_pylist()
    return found


@pytest.fixture(scope="module", params=["parquet", "arrow"])
def trace(request: pytest.FixtureRequest) -> Iterator[Trace]:
    with Trace(request.getfixturevalue(request.param)) as opened:
        yield opened


def dicts(trace: Trace, question: str, limit: int | None = None) -> list[dict[str, Any]]:
    answer = trace.ask(question)
    found: list[dict[str, Any]] = answer.table(limit).to_pylist()
    answer.close()
    return found


def accesses(rows: Rows, kinds: tuple[int, ...], low: int, size: int) -> Rows:
    return [
        each
        for each in rows
        if each["kind"] in kinds and each["address"] < low + size and low < each["address"] + each["size"]
    ]


@pytest.mark.parametrize(
    ("question", "kinds", "low", "size"),
    [
        ("who wrote counter", (WRITE,), COUNTER, 8),
        ("Who read counter?", (READ,), COUNTER, 8),
        ("who accessed counter+7", (READ, WRITE), COUNTER + 7, 1),
        (f"who wrote {COUNTER - 4:#x}..{COUNTER:#x}", (WRITE,), COUNTER - 4, 5),
        (f"who read {STACK + 0xFF8}", (READ,), STACK + 0xFF8, 1),
        ("who wrote heap + 0x40,0x10000", (WRITE,), HEAP + 0x40, 0x10000),
        ("who wrote stack + 2*0x7fc,4", (WRITE,), STACK + 0xFF8, 4),
    ],
)
def test_accesses_are_those_that_touch_a_byte(
    trace: Trace, rows: Rows, question: str, kinds: tuple[int, ...], low: int, size: int
) -> None:
    expected = accesses(rows, kinds, low, size)
    assert expected
    found = dicts(trace, question)
    assert [(each["insn"], each["address"], each["value"], each["pc"]) for each in found] == [
        (each["insn"], each["address"], each["value"], each["pc"]) for each in expected
    ]
    facts = trace.ask(question).facts
    assert (facts["count"], facts["first"], facts["last"]) == (
        len(expected),
        expected[0]["insn"],
        expected[-1]["insn"],
    )


def test_a_limit_takes_the_first_ones_and_names_the_code(trace: Trace, rows: Rows) -> None:
    found = dicts(trace, "who wrote counter", 2)
    assert [(each["insn"], each["symbol"]) for each in found] == [
        (each["insn"], "main+0x8") for each in accesses(rows, (WRITE,), COUNTER, 8)[:2]
    ]


def test_first_and_last(trace: Trace, rows: Rows) -> None:
    expected = accesses(rows, (WRITE,), COUNTER, 8)
    assert [each["insn"] for each in dicts(trace, "who first wrote counter")] == [expected[0]["insn"]]
    assert [each["insn"] for each in dicts(trace, "who last wrote counter")] == [expected[-1]["insn"]]
    before = [each for each in expected if each["insn"] < 5000]
    assert [each["insn"] for each in dicts(trace, "who last wrote counter before 5000")] == [
        before[-1]["insn"]
    ]


def test_clauses_narrow(trace: Trace, rows: Rows) -> None:
    expected = [
        each["insn"]
        for each in accesses(rows, (READ, WRITE), HEAP, 1 << 20)
        if 1000 <= each["insn"] <= 2000 and each["value"] > 0x40000 and each["kind"] == READ
    ]
    question = "who accessed heap,0x100000 from 1000 to 2,000 in step where value>0x40000 and access=read"
    assert expected
    assert [each["insn"] for each in dicts(trace, question)] == expected
    assert dicts(trace, "who wrote counter in step") == []
    assert dicts(trace, "who wrote counter vcpu 1") == []
    assert dicts(trace, "who wrote counter from 10 to 5") == []


def test_nothing_touched_says_so(trace: Trace) -> None:
    assert "was not written. Nothing of it was accessed" in trace.ask("who wrote 0x1234").lead
    assert trace.ask("who wrote counter after 40_000").facts["count"] == 0


def test_when_a_function_was_executed(trace: Trace, rows: Rows) -> None:
    executed = [each for each in rows if each["kind"] == INSN]
    entered = [at for at, each in enumerate(executed) if each["pc"] == PUT_CHAR]
    answer = trace.ask("when was put_char executed")
    found = answer.table().to_pylist()
    assert [(each["insn"], each["from_pc"]) for each in found] == [
        (executed[at]["insn"], executed[at - 1]["pc"]) for at in entered
    ]
    assert {each["from_symbol"] for each in found} == {"main+0x10"}
    inside = [each["insn"] for each in executed if PUT_CHAR <= each["pc"] < PUT_CHAR + 0x20]
    assert answer.facts["instructions"] == len(inside)
    assert (answer.facts["first"], answer.facts["last"]) == (
        executed[entered[0]]["insn"],
        executed[entered[-1]]["insn"],
    )
    assert f"from {inside[0]:,} to {inside[-1]:,}" in answer.lead


def test_the_first_instruction_of_all_came_from_nowhere(trace: Trace) -> None:
    assert dicts(trace, "when was main first executed") == [
        {"insn": 0, "vcpu": 0, "pc": MAIN, "from_pc": None, "from_symbol": None}
    ]


def test_code_is_named_by_address_too(trace: Trace, rows: Rows) -> None:
    expected = [each["insn"] for each in rows if each["kind"] == INSN and each["pc"] == STEP + 4]
    assert [each["insn"] for each in dicts(trace, f"when was {STEP + 4:#x} run")] == expected
    assert [each["insn"] for each in dicts(trace, "when was step+4 last executed")] == expected[-1:]


def test_calls_by_place(trace: Trace, rows: Rows) -> None:
    places = Counter(each["pc"] for each in rows if each["kind"] == BRANCH and each["address"] == MAIN)
    found = dicts(trace, "calls of main")
    assert {each["from_pc"]: each["calls"] for each in found} == dict(places)
    assert [each["calls"] for each in found] == sorted(places.values(), reverse=True)


def test_the_history_of_a_register_has_what_it_held_before(trace: Trace, rows: Rows) -> None:
    values = [
        (each["insn"], each["value"]) for each in rows if each["kind"] == REG and each["what"] == 1 + 9 + 6
    ]
    assert REGISTERS[9 + 6] == "a5"
    found = dicts(trace, "history of a5")
    assert [(each["insn"], each["value"]) for each in found] == values
    assert [each["before"] for each in found] == [None, *(value for _, value in values[:-1])]
    assert dicts(trace, "history of x15 from 500 to 900") == [
        each | {"before": None} if at == 0 else each
        for at, each in enumerate(each for each in found if 500 <= each["insn"] <= 900)
    ]


def test_the_value_of_a_register_at_an_instruction(trace: Trace, rows: Rows) -> None:
    known = [each for each in rows if each["kind"] == REG and each["what"] == 16 and each["insn"] <= 7000]
    facts = trace.ask("value of $a5 at 7,000").facts
    assert (facts["value"], facts["since"]) == (known[-1]["value"], known[-1]["insn"])
    assert "is not known" in trace.ask("value of t0 at 10").lead


def test_the_value_of_memory_is_put_together(written: Callable[..., Path]) -> None:
    at = COUNTER
    path = written(
        [
            (0, 0, WRITE, MAIN, at, 0x1122334455667788, 8, 0),
            (1, 0, WRITE, MAIN + 4, at + 2, 0xABCD, 2, 0),
            (2, 0, READ, MAIN + 8, at + 8, 0x99, 1, 0),
            (3, 0, WRITE, MAIN + 12, at, 0, 8, 0),
        ],
    )
    with Trace(path) as trace:
        assert trace.ask("value of counter at 2").facts["value"] == 0x11223344ABCD7788
        assert trace.ask("value of counter at 0").facts["value"] == 0x1122334455667788
        assert trace.ask("value of counter at 3").facts["since"] == 3
        partly = trace.ask(f"value of {at + 6:#x},4 at 2")
        assert (partly.facts["value"], partly.facts["bytes"]) == (None, "22 11 99 ??")
        assert len(partly.rows()) == 2
        assert "is not known" in trace.ask("value of stack,4 at 3").lead


def test_a_big_endian_guest_has_its_bytes_the_other_way(written: Callable[..., Path]) -> None:
    path = written([(0, 0, WRITE, MAIN, COUNTER, 0x11223344, 4, 0)], isa="ppc")
    with Trace(path) as trace:
        assert trace.ask("value of counter,2 at 0").facts["value"] == 0x1122


def test_what_happened_is_every_row_around(trace: Trace, rows: Rows) -> None:
    expected = [each for each in rows if 8 <= each["insn"] <= 12]
    found = dicts(trace, "what happened at 10 +-2")
    assert Counter((each["insn"], each["kind"]) for each in found) == Counter(
        (each["insn"], trace.header.fields["kinds"][each["kind"]]) for each in expected
    )
    texts = {each["text"] for each in dicts(trace, "what happened at 3")}
    assert {"nop", f"to {STEP:#x} <step>"} <= texts
    assert any(text.startswith(f"writes 8 bytes at {COUNTER:#x} <counter> <- 0x") for text in texts)


def test_what_happened_beyond_the_end(trace: Trace) -> None:
    answer = trace.ask("what happened at 99999999")
    assert answer.rows() == []
    assert "the last one is" in answer.lead


def test_exits_by_device_and_reason(trace: Trace, rows: Rows) -> None:
    expected = [each["insn"] for each in rows if each["kind"] == EXIT]
    for where in (
        "",
        " where device=uart",
        " where device=uart and reason=mmio-write",
        " where reason~'mmio-*'",
    ):
        assert [each["insn"] for each in dicts(trace, f"exits{where}")] == expected
    assert dicts(trace, "exits where reason!=mmio-write") == []
    assert dicts(trace, "exits where address=main") == []


def test_a_device_is_found_without_its_number(written: Callable[..., Path]) -> None:
    names = ["", "mmio-write uart0", "mmio-read uart1", "halt"]
    path = written(
        [(at, 0, EXIT, MAIN, 0x1000, 0, 1, what) for at, what in enumerate((1, 2, 3))],
        names=names,
        devices=[["uart0", 0x1000, 8], ["uart1", 0x2000, 8], ["plic", 0x3000, 8]],
    )
    with Trace(path) as trace:
        assert [each["insn"] for each in dicts(trace, "exits where device=uart")] == [0, 1]
        assert [each["insn"] for each in dicts(trace, "exits where device=uart1")] == [1]
        assert dicts(trace, "exits where device=plic") == []
        with pytest.raises(BadQuestion, match="no device of this name"):
            trace.ask("exits where device=urat")
        with pytest.raises(BadQuestion, match="Did you mean mmio-write"):
            trace.ask("exits where reason=mmiowrite")


def test_interrupts(trace: Trace, rows: Rows) -> None:
    found = dicts(trace, "interrupts")
    assert [each["insn"] for each in found] == [each["insn"] for each in rows if each["kind"] == INTERRUPT]
    assert {(each["cause"], each["number"], each["level"]) for each in found} == {
        ("machine timer interrupt", 7, 3)
    }


def test_the_summary_counts_by_kind(trace: Trace, rows: Rows) -> None:
    answer = trace.ask("summary")
    counts = Counter(trace.header.fields["kinds"][each["kind"]] for each in rows)
    assert {row[0]: row[1] for row in answer.rows()} == dict(counts)
    assert answer.facts["rows"] == len(rows)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("", "expected a question. Questions are: who"),
        ("who ate counter", r"Did you mean: who \[first\|last\] wrote"),
        ("histroy of a0", "Did you mean: history of REG?"),
        ("frobnicate", "none of the questions. Questions are: "),
        ("who wrote countr", "no symbol of this name. Did you mean counter?"),
        ("who wrote counter,0", "at least one byte"),
        ("who wrote 5..4", "ends before it begins"),
        ("who wrote 0x10000000000000000", "expected an address from 0 to"),
        ("who wrote counter-0xffffffffff", "expected an address from 0 to"),
        ("who wrote counter from x", "expected the number of an instruction"),
        ("who wrote counter where colour=1", "no column of this name. There are insn"),
        ("who wrote counter where vale=1", "Did you mean value"),
        ("who wrote counter where value", "expected a condition COLUMN OP VALUE"),
        ("who wrote counter where value=purple", "value is a number: there is no symbol of this name"),
        ("who wrote counter where value~1", "compares texts"),
        ("exits where reason<3", "is a text: it takes"),
        ("who wrote *counter", "memory has no value in a question"),
        ("who wrote (", "expected"),
        ("history of sp0", "no register of this name. Did you mean s"),
        ("history of pc", "changes with every instruction"),
        ("value of heap at 5", "the value of at most 64"),
        ("value of counter at noon", "expected the number of an instruction"),
        ("when was nothing_such executed", "there is no symbol of this name"),
        ("when was main executed where vcpu=0", "takes no `where`"),
        ("when was main.c:12 executed", "no code is known for this line"),
        ("what happened at 5 in main", "takes no `in`"),
        ("summary from 5", "takes no `from`"),
        ("exceptions", "This trace has no exceptions: recorded were insns, regs"),
    ],
)
def test_what_cannot_be_answered(trace: Trace, question: str, message: str) -> None:
    with pytest.raises((BadQuestion, NotRecorded)) as caught:
        trace.ask(question)
    assert message.replace("\\", "") in str(caught.value)


def test_sql_has_views_names_and_hexadecimal(trace: Trace, rows: Rows) -> None:
    assert trace.table(f"SELECT insn FROM mem WHERE access = 'write' AND address = {COUNTER:#x}")[
        "insn"
    ].to_pylist() == [each["insn"] for each in accesses(rows, (WRITE,), COUNTER, 8)]
    assert trace.sql("SELECT count(*) FROM regs WHERE register = 'a5'").fetchall() == [
        (sum(each["kind"] == REG and each["what"] == 16 for each in rows),)
    ]
    assert trace.sql(
        "SELECT symbol_of(0x80000204), function_of(pc), as_hex(pc) FROM insns WHERE insn = 0"
    ).fetchall() == [("put_char+0x4", "main", f"{MAIN:#x}")]
    assert trace.sql("SELECT DISTINCT kind, what FROM trace WHERE kind = 'exit'").fetchall() == [
        ("exit", "mmio-write uart")
    ]
    assert trace.sql("SELECT address_of('handler'), '0x10'").fetchall() == [(HANDLER, "0x10")]
    assert trace.sql("SELECT name FROM symbols ORDER BY address LIMIT 1").fetchall() == [("main",)]
    inside = Counter(each["pc"] & ~0xFF for each in rows if each["kind"] == INSN)
    assert dict(trace.sql("SELECT name, instructions FROM functions").fetchall()) == {
        "main": inside[MAIN],
        "step": inside[STEP],
        "put_char": inside[PUT_CHAR],
        "handler": inside[HANDLER],
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT insnn FROM mem", '"insn"'),
        ("SELECT * FROM memory", "Tables are: trace, insns"),
        ("SELECT address_of('countr')", "Did you mean counter"),
        ("-- nothing", "it gives no rows"),
        ("SELECT 1 FROM '/nowhere.parquet'", "No files found"),
    ],
)
def test_broken_sql(trace: Trace, query: str, message: str) -> None:
    with pytest.raises(BadSql) as caught:
        trace.table(query)
    assert message in str(caught.value)


def test_what_was_left_out_is_noted(written: Callable[..., Path]) -> None:
    path = written(
        [(0, 0, WRITE, MAIN, COUNTER, 1, 8, 0)],
        left_out={"not in main": 1234},
        filters={"only": ["main"], "vcpu": None},
        complete=False,
        ended="the disk was full",
    )
    with Trace(path) as trace:
        assert trace.ask("who wrote counter").notes == [
            "left out: 1,234 (not in main)",
            "recorded with filters: only main",
            "not complete: the disk was full",
        ]
