"""`axemu trace query`: the forms of its output, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from axemu import cli
from tests.axemu.conftest import ROOT


def asked(capfd: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = cli.dispatch(["trace", "query", *map(str, words)])
    out, err = capfd.readouterr()
    return code, out, err


def test_a_table_for_people(capfd: pytest.CaptureFixture[str], parquet: Path) -> None:
    code, out, err = asked(capfd, parquet, "who", "wrote", "counter", "--limit", "2")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(
        "counter (0x80900000..0x80900007) was written 168 times: first by instruction 2, last by "
    )
    assert lines[2].split() == ["insn", "vcpu", "address", "size", "value", "pc", "symbol"]
    assert lines[3].split()[:4] == ["2", "0", "0x80900000", "8"]
    assert lines[3].split()[5:] == ["0x80000008", "main+0x8"]
    assert lines[5] == "... 166 more; --limit 0 shows all, from and to narrow it"
    _, every, _ = asked(capfd, parquet, "who wrote counter", "--limit", "0")
    assert len(every.splitlines()) == 3 + 168


def test_rows_for_programs(capfd: pytest.CaptureFixture[str], parquet: Path, tmp_path: Path) -> None:
    question = (parquet, "exits where device=uart")
    _, text, _ = asked(capfd, *question, "--format", "json")
    whole = json.loads(text)
    assert whole["question"] == "exits where device=uart"
    assert whole["facts"]["count"] == whole["count"] == len(whole["rows"]) == 11
    rows = whole["rows"]
    assert rows[0]["reason"] == "mmio-write"
    _, text, _ = asked(capfd, *question, "--format", "jsonl")
    assert [json.loads(line) for line in text.splitlines()] == rows
    _, text, _ = asked(capfd, *question, "--format", "csv")
    assert list(csv.DictReader(io.StringIO(text))) == [
        {name: str(value) for name, value in row.items()} for row in rows
    ]
    for name in ("some.parquet", "some.json", "some.jsonl", "some.csv"):
        code, text, _ = asked(capfd, *question, "-o", tmp_path / name, "--limit", "3")
        assert (code, text) == (0, "")
    assert pq.read_table(tmp_path / "some.parquet").to_pylist() == rows[:3]
    assert json.loads((tmp_path / "some.json").read_text())["rows"] == rows[:3]
    assert len((tmp_path / "some.jsonl").read_text().splitlines()) == 3
    assert len((tmp_path / "some.csv").read_text().splitlines()) == 1 + 3


def test_no_rows_are_rows_too(capfd: pytest.CaptureFixture[str], parquet: Path, tmp_path: Path) -> None:
    assert json.loads(asked(capfd, parquet, "who wrote 1", "--format", "json")[1])["rows"] == []
    assert (
        asked(capfd, parquet, "who wrote 1", "--format", "csv")[1]
        == "insn,vcpu,address,size,value,pc,symbol\n"
    )
    assert asked(capfd, parquet, "who wrote 1", "-o", tmp_path / "no.parquet")[0] == 0
    assert pq.read_table(tmp_path / "no.parquet").num_rows == 0


def test_sql(capfd: pytest.CaptureFixture[str], parquet: Path) -> None:
    query = (
        "SELECT symbol_of(pc) AS who, pc, count(*) AS n FROM writes WHERE address = 0x80900000 GROUP BY ALL"
    )
    code, out, _ = asked(capfd, parquet, "--sql", query)
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        [],
        ["who", "pc", "n"],
        ["main+0x8", "0x80000008", "168"],
    ]
    _, text, _ = asked(capfd, parquet, "--sql", query, "--format", "json")
    assert json.loads(text) == {"sql": query, "rows": [{"who": "main+0x8", "pc": 0x80000008, "n": 168}]}
    _, out, _ = asked(capfd, parquet, "--sql", "SELECT insn FROM insns ORDER BY insn", "--limit", "2")
    assert out.split("\n")[1:] == ["insn", "   0", "   1", "... and more; --limit 0 shows all", ""]


def test_the_same_question_has_the_same_answer(capfd: pytest.CaptureFixture[str], parquet: Path) -> None:
    question = (parquet, "who accessed heap,0x100000", "--format", "csv")
    assert len({asked(capfd, *question)[1] for _ in range(3)}) == 1


def test_an_arrow_file_answers_as_a_parquet_file(
    capfd: pytest.CaptureFixture[str], parquet: Path, arrow: Path
) -> None:
    for question in (
        "who read counter",
        "history of t0",
        "when was handler executed",
        "calls of step",
        "interrupts",
    ):
        assert asked(capfd, parquet, question) == asked(capfd, arrow, question)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("who wrote countr",), "Did you mean counter?"),
        (("who", "wrote", "counter", "--sql", "SELECT 1"), "Expected a question or --sql, not both."),
        (
            ("--sql", "SELECT nonsense FROM exits"),
            'SQL: Binder Error: Referenced column "nonsense" not found',
        ),
        (("--sql", "SELECT 1 +"), "SQL: Parser Error"),
        (("--sql", "SELECT error('x') FROM insns"), "SQL: Invalid Input Error"),
        (("exits", "--format", "parquet"), "Name it: -o FILE"),
        (("exits", "--format", "xml"), "xml"),
        (("exits", "-o", "/nowhere/a.csv"), "Cannot write the answer: No such file or directory"),
        (("exits", "-o", "/nowhere/a.parquet"), "Cannot write the answer"),
        (("exits", "--symbols", "/nowhere.elf"), "no such file"),
        (("exits", "--limit", "-1"), "--limit"),
    ],
)
def test_what_is_refused(
    capfd: pytest.CaptureFixture[str], parquet: Path, words: tuple[str, ...], message: str
) -> None:
    code, out, err = asked(capfd, parquet, *words)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "internal error" not in err


def test_the_trace_is_not_overwritten(capfd: pytest.CaptureFixture[str], parquet: Path) -> None:
    before = parquet.read_bytes()
    code, _, err = asked(capfd, parquet, "exits", "-o", parquet)
    assert code == 2
    assert "is the trace itself" in err
    assert parquet.read_bytes() == before


def test_a_file_that_is_no_trace(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    code, _, err = asked(capfd, path, "exits")
    assert code == 2
    assert "expected a trace that axemu recorded" in " ".join(err.split())


def test_questions_on_standard_input(parquet: Path) -> None:
    found = piped(parquet, "# of the run\nwho last wrote counter\n\nselect count(*) as n from exits\nquit\n")
    assert found.returncode == 0
    assert found.stdout.splitlines()[0].startswith("counter (0x80900000..0x80900007) was last written")
    assert found.stdout.splitlines()[-1].strip() == "11"
    failed = piped(parquet, "help\nwho ate it\nexits\n")
    assert failed.returncode == 2
    assert "history of REG" in failed.stdout
    assert "none of the questions" in failed.stderr


def test_a_reader_that_goes_away(parquet: Path) -> None:
    command = f"{sys.executable} -m axemu trace query {parquet} 'history of a1' --format jsonl | head -1"
    shell = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert len(shell.stdout.splitlines()) == 1
    assert b"Traceback" not in shell.stderr
    assert b"internal error" not in shell.stderr


def piped(trace: Path, text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "axemu", "trace", "query", str(trace)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), input=text, capture_output=True, text=True, check=False
    )


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}", "NO_COLOR": "1"}
