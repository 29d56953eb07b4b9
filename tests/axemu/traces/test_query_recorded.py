"""Questions about a run that was recorded: what is asked of the whole and of the blocks alone agrees."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from axemu import cli
from emu.trace.query import Trace
from tests.axemu.conftest import ROOT

FOLDER = ROOT / "guests" / "riscv64" / "debuggee"
FUNCTIONS = ("main", "cross", "console_put", "write32", "read32", "total", "_start")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """whole.parquet, whole.arrow; code.parquet: without what instructions do; single.parquet: a row for each."""
    made = tmp_path_factory.mktemp("recorded")
    (made / "guest").mkdir()
    guest = shutil.copy(FOLDER / "debuggee.elf", made / "guest")
    for name, record, *only in (
        ("whole.parquet", "all"),
        ("whole.arrow", "all"),
        ("code.parquet", "insns,branches"),
        ("single.parquet", "all", "--only", "0..0x100000000"),
    ):
        words = [
            "trace",
            "--plain",
            str(guest),
            "-M",
            "bare",
            "--record",
            record,
            *only,
            "-o",
            str(made / name),
        ]
        assert cli.dispatch(words) == 0
    return made


def test_functions_ran_as_often_in_every_form(folder: Path) -> None:
    answers = []
    for name in ("whole.parquet", "whole.arrow", "code.parquet", "single.parquet"):
        with Trace(folder / name) as trace:
            assert trace.header.by_block == (name != "single.parquet")
            asked = {
                each: trace.ask(f"when was {each} executed")
                for each in FUNCTIONS
                if trace.names.table.find(each)
            }
            answers.append(
                {
                    each: (dict(answer.facts), [row[:4] for row in answer.rows()])
                    for each, answer in asked.items()
                }
            )
            total = trace.sql("SELECT count(*), max(insn) + 1 FROM insns").fetchall()
            assert total == [(trace.header.fields["instructions"],) * 2]
    assert all(each == answers[0] for each in answers[1:])
    assert answers[0]["main"][0]["count"] == 1
    assert len(answers[0]) > 4


def test_what_was_written_to_the_uart(folder: Path) -> None:
    with Trace(folder / "whole.parquet") as trace:
        sent = (
            trace.ask("exits where device=uart and reason=mmio-write and address=0x10000000")
            .table()
            .to_pylist()
        )
        text = "".join(chr(each["value"]) for each in sent)
        assert text.replace("\r", "").splitlines() == ["triangle: total 168", "ok total"]
        assert {each["symbol"] for each in sent} == {"write32+0x18"}


def test_the_last_value_of_a_register_is_where_it_was_written(folder: Path) -> None:
    with Trace(folder / "whole.parquet") as trace:
        history = trace.ask("history of sp").table().to_pylist()
        middle = history[len(history) // 2]
        facts = trace.ask(f"value of sp at {middle['insn']}").facts
        assert (facts["value"], facts["since"]) == (middle["value"], middle["insn"])
        assert [each["before"] for each in history[1:]] == [each["value"] for each in history[:-1]]


def test_memory_is_what_was_last_written(folder: Path) -> None:
    with Trace(folder / "whole.parquet") as trace:
        rows = trace.sql("SELECT address, size, value, insn FROM writes ORDER BY insn").fetchall()
        (address, size), times = Counter((row[0], row[1]) for row in rows).most_common(1)[0]
        last = [row for row in rows if row[:2] == (address, size)][-1]
        assert trace.ask(f"who wrote {address:#x},{size}").facts["count"] >= times
        facts = trace.ask(f"value of {address:#x},{size} at {last[3]}").facts
        assert (facts["value"], facts["since"]) == (last[2], last[3])


def test_source_lines_come_with_the_guest(folder: Path) -> None:
    def line() -> str:
        with Trace(folder / "whole.parquet") as trace:
            ((*_, found),) = trace.ask("when was main executed").rows()
            return str(found)

    named_by_the_command = line()
    assert named_by_the_command == "start.S:24"
    (folder / "guest").rename(folder / "moved")
    assert line() == "_start+0x16"
    shutil.copy(FOLDER / "debuggee.elf", folder)
    assert line() == named_by_the_command


@pytest.mark.parametrize("at", [0, 903, 1046, 1200])
def test_what_happened_is_in_the_same_order_in_every_form(folder: Path, at: int) -> None:
    answers = []
    for name in ("whole.parquet", "whole.arrow", "single.parquet"):
        with Trace(folder / name) as trace:
            answers.append(list(trace.ask(f"what happened at {at} +-20").rows()))
    assert len(answers[0]) > 40
    assert answers[0] == answers[1] == answers[2]
