"""`axemu suite report`, as a command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from axemu.errors import CommandError
from axemu.suite.report_command import report
from axemu.suite.reports import jsonl
from axemu.suite.result import Ended, Run, Verdict
from axemu.suite.result import Result as Case

APP = typer.Typer()
APP.command()(report)


@pytest.fixture
def stored(tmp_path: Path) -> tuple[str, str]:
    """Two runs: in the second one a case fails that passed."""
    paths = []
    for name, verdict in (("old", Verdict.PASS), ("new", Verdict.FAIL)):
        path = tmp_path / f"{name}.jsonl"
        run = Run("guests", "axemu suite guests", "0.1.0", "Linux", 1.79e9, 7, 2)
        results = (
            Case("arm/hello", Verdict.PASS),
            Case("arm/timer", verdict, "why", replay="axemu suite -k timer"),
        )
        watcher = jsonl.JsonLines(path)
        watcher.begin(run)
        for each in results:
            watcher.finished(each)
        watcher.end(Ended(run, results, 2.0))
        paths.append(str(path))
    return paths[0], paths[1]


def called(*arguments: object) -> Result:
    return CliRunner().invoke(APP, [str(each) for each in arguments], catch_exceptions=True)


def test_a_run_is_summed_up_and_that_it_failed_is_no_failure_of_the_report(stored: tuple[str, str]) -> None:
    result = called(stored[1])
    assert result.exit_code == 0
    assert "fail  arm/timer\n  why\n  replay: axemu suite -k timer\n" in result.stdout
    assert "2 cases in 2.00 s" in result.stdout


def test_every_report_is_written_of_one_stored_run(stored: tuple[str, str], tmp_path: Path) -> None:
    files = {kind: tmp_path / f"r.{kind}" for kind in ("html", "junit", "tap")}
    result = called(stored[1], *(part for kind, path in files.items() for part in (f"--{kind}", path)))
    assert result.exit_code == 0
    assert files["html"].read_text().startswith("<!DOCTYPE html>")
    assert "<testsuites" in files["junit"].read_text()
    assert "not ok 2 - arm/timer" in files["tap"].read_text()


def test_new_failures_are_exit_code_1(stored: tuple[str, str]) -> None:
    result = called(*stored)
    assert result.exit_code == 1 and "1 new failure, 0 fixed" in result.stdout


def test_the_other_way_round_it_is_fixed(stored: tuple[str, str]) -> None:
    result = called(stored[1], stored[0])
    assert result.exit_code == 0 and "0 new failures, 1 fixed" in result.stdout


def test_json_is_all_of_the_output(stored: tuple[str, str]) -> None:
    assert json.loads(called(*stored, "--json").stdout)["new_failures"][0]["case"] == "arm/timer"
    summary = json.loads(called(stored[1], "--json").stdout)
    assert (
        summary["kind"] == "summary" and summary["counts"] == {"fail": 1, "pass": 1} and not summary["good"]
    )
    assert summary["failures"] == [
        {"case": "arm/timer", "verdict": "fail", "reason": "why", "replay": "axemu suite -k timer"}
    ]


def test_with_two_runs_the_files_are_of_the_newer(stored: tuple[str, str], tmp_path: Path) -> None:
    result = called(*stored, "--tap", tmp_path / "r.tap")
    assert result.exit_code == 1 and "not ok 2 - arm/timer" in (tmp_path / "r.tap").read_text()


def test_a_missing_folder_is_refused_before_anything_is_printed(
    stored: tuple[str, str], tmp_path: Path
) -> None:
    result = called(stored[0], "--html", tmp_path / "none" / "r.html")
    assert isinstance(result.exception, CommandError) and "no folder" in str(result.exception)
    assert result.stdout == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_loses_no_other_report(stored: tuple[str, str], tmp_path: Path) -> None:
    result = called(stored[1], "--html", "/dev/full", "--junit", tmp_path / "r.xml", "--tap", "/dev/full")
    assert isinstance(result.exception, CommandError)
    assert str(result.exception).count("No space left") == 2
    assert "arm/timer" in (tmp_path / "r.xml").read_text()
    assert "2 cases in 2.00 s" in result.stdout


def test_what_is_no_stored_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("TAP version 14\n")
    result = called(tmp_path / "r")
    assert isinstance(result.exception, CommandError) and "Line 1" in str(result.exception)
