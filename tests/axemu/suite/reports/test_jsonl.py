"""The stored run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu.errors import CommandError, InputUnreadable
from axemu.suite.reports import jsonl
from axemu.suite.result import Ended, Result, Verdict


def stored(path: Path, ended: Ended, close: bool = True) -> None:
    watcher = jsonl.JsonLines(path)
    watcher.begin(ended.run)
    for result in ended.results:
        watcher.started(result.worker, result.case)
        watcher.finished(result)
    if close:
        watcher.end(ended)


@pytest.fixture
def path(tmp_path: Path, every_verdict: Ended) -> Path:
    stored(tmp_path / "run.jsonl", every_verdict)
    return tmp_path / "run.jsonl"


def test_a_stored_run_is_read_back_as_it_was(path: Path, every_verdict: Ended) -> None:
    assert jsonl.read(path) == every_verdict


def test_that_it_was_interrupted_is_read_back(tmp_path: Path, run_of: Callable[..., Ended]) -> None:
    stored(tmp_path / "r", run_of(interrupted=True, seconds=3.0))
    assert jsonl.read(tmp_path / "r") == run_of(interrupted=True, seconds=3.0)


def test_each_result_can_be_read_when_its_case_has_ended(tmp_path: Path, every_verdict: Ended) -> None:
    watcher = jsonl.JsonLines(tmp_path / "r")
    watcher.begin(every_verdict.run)
    for number, result in enumerate(every_verdict.results):
        assert len(jsonl.read(tmp_path / "r").results) == number
        watcher.finished(result)


KILLED = """
import os, signal, sys
from pathlib import Path
from axemu.suite.reports.jsonl import JsonLines
from axemu.suite.result import Result, Run, Verdict
watcher = JsonLines(Path(sys.argv[1]))
watcher.begin(Run("t", "c", "0", "h", 100.0, 7, 3))
watcher.finished(Result("a", Verdict.PASS, seconds=2.0, begun=101.0))
watcher.finished(Result("b", Verdict.FAIL, seconds=1.0, begun=102.0))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_after_a_kill_what_ended_is_there_and_counts_as_interrupted(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "r")], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    ended = jsonl.read(tmp_path / "r")
    assert [(each.case, each.verdict) for each in ended.results] == [("a", Verdict.PASS), ("b", Verdict.FAIL)]
    assert ended.interrupted and ended.seconds == 3.0


def test_any_cut_through_the_file_gives_the_results_before_it(path: Path, every_verdict: Ended) -> None:
    whole = path.read_bytes()
    header = whole.index(b"\n")
    for cut in [header, header + 1, header + 2, *range(header + 3, len(whole) - 1, 97)]:
        path.write_bytes(whole[:cut])
        ended = jsonl.read(path)
        assert ended.interrupted
        complete = whole[:cut].count(b"\n") - 1
        assert len(ended.results) in (complete, complete + 1)  # one more where only its line feed is cut
        assert ended.results == every_verdict.results[: len(ended.results)]


def changed(path: Path, number: int, **values: Any) -> None:
    lines = path.read_text().splitlines()
    lines[number - 1] = json.dumps({**json.loads(lines[number - 1]), **values})
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("number", "values", "said"),
    [
        (1, {"kind": "result"}, "header is missing"),
        (1, {"total": "3"}, "'total'"),
        (1, {"begun": 1e300}, "'begun'"),
        (2, {"kind": "surprise"}, "surprise"),
        (2, {"verdict": "good"}, "good"),
        (2, {"seconds": "1"}, "'seconds'"),
        (2, {"seconds": float("nan")}, "'seconds'"),
        (2, {"instructions": True}, "'instructions'"),
        (2, {"tags": "smoke"}, "'tags'"),
        (2, {"tags": [1]}, "'tags'"),
        (2, {"exits": {"MmioRead": "3"}}, "'exits'"),
        (2, {"where": {"symbol": "no pc"}}, "'where'"),
        (2, {"where": {"pc": 1, "registers": {"a0": "0x1"}}}, "'where'"),
        (2, {"subresults": [{"name": "a"}]}, "'subresults'"),
        (2, {"console": {"base64": "a"}}, "not complete"),
        (2, {"console": 5}, "'console'"),
        (2, {"console": "\ud800"}, "not complete"),
        (11, {"seconds": None}, "'seconds'"),
    ],
)
def test_a_value_that_no_run_has_is_named_with_its_line(
    path: Path, number: int, values: dict[str, Any], said: str
) -> None:
    changed(path, number, **values)
    with pytest.raises(CommandError) as refused:
        jsonl.read(path)
    assert (
        said in str(refused.value)
        and f"Line {number} " in str(refused.value)
        and str(path) in str(refused.value)
    )


@pytest.mark.parametrize("key", ["case", "verdict"])
def test_a_result_without_what_it_must_have_is_refused(path: Path, key: str) -> None:
    lines = path.read_text().splitlines()
    values = json.loads(lines[3])
    del values[key]
    path.write_text("\n".join([*lines[:3], json.dumps(values)]) + "\n")
    with pytest.raises(CommandError, match="Line 4"):
        jsonl.read(path)


@pytest.mark.parametrize(
    "line", [b"<testsuites/>\n", b"[1]\n", b"\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b"9" * 5000 + b"\n"]
)
def test_a_line_that_is_no_object_is_refused_wherever_it_stands(path: Path, line: bytes) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    for at in (0, 4):
        path.write_bytes(b"".join([*lines[:at], line, *lines[at:]]))
        with pytest.raises(CommandError, match=f"Line {at + 1} "):
            jsonl.read(path)


def test_another_file_is_refused_even_without_a_line_feed(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("<testsuites/>")
    with pytest.raises(CommandError, match="right file"):
        jsonl.read(tmp_path / "r")


@pytest.mark.parametrize("start", [b"", b'{"kind":"run","ti'])
def test_a_run_that_was_killed_before_its_header_is_told_from_another_file(
    tmp_path: Path, start: bytes
) -> None:
    (tmp_path / "r").write_bytes(start)
    with pytest.raises(CommandError, match="killed before its first case"):
        jsonl.read(tmp_path / "r")


def test_two_runs_in_one_file_are_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(CommandError, match="second run"):
        jsonl.read(path)


def test_a_run_of_a_newer_version_is_refused_with_that_version(path: Path) -> None:
    changed(path, 1, schema=99, axemu="9.0")
    with pytest.raises(CommandError, match=r"schema 99.*axemu 9\.0"):
        jsonl.read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match="Cannot read the stored run"):
        jsonl.read(tmp_path / "none")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told_at_the_end_and_not_before(every_verdict: Ended) -> None:
    with pytest.raises(InputUnreadable, match=r"No space left.*/dev/full"):
        stored(Path("/dev/full"), every_verdict)
    stored(Path("/dev/full"), every_verdict, close=False)


def test_a_missing_folder_is_told_at_the_end_and_not_before(tmp_path: Path, every_verdict: Ended) -> None:
    with pytest.raises(InputUnreadable, match="Cannot write the stored run"):
        stored(tmp_path / "none" / "r", every_verdict)


@given(console=st.binary(max_size=40), reason=st.text(alphabet=st.characters(), max_size=20))
def test_any_console_and_any_reason_come_back(
    tmp_path_factory: pytest.TempPathFactory, console: bytes, reason: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    result = Result("a", Verdict.FAIL, reason=reason, console=console)
    path.write_bytes(jsonl.line(run_header()) + jsonl.line(result.as_json()))
    assert jsonl.read(path).results == (result,)


def run_header() -> dict[str, Any]:
    return {
        "kind": "run",
        "title": "",
        "command": "",
        "axemu": "",
        "host": "",
        "begun": 0.0,
        "seed": 0,
        "total": 1,
    }
