"""A suite of designed failures, run as a user does: every verdict, every reason, the exit code, the reports."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

SUITE = Path(__file__).parent / "failures"
WANTED = {
    "wrong-output": ("fail", "expected a match of '^goodbye' in 'hello from riscv64"),
    "wrong-code": ("fail", "exit code: expected 0, got 7"),
    "crash": ("fail", "expected powered off, got crashed"),
    "trap-loop": ("fail", "expected powered off, got trap loop"),
    "blocked": ("fail", "expected powered off, got blocked"),
    "budget": ("timeout", "its budget of 1,000,000 instructions is used up, at pc 0x"),
    "hang": ("timeout", "s of host time are over after"),
    "host-clock": ("nondeterministic", "two runs differ"),
    "flood": ("fail", "the console has more than 65,536 bytes"),
    "too-many-exits": ("fail", "exits: expected at most 5 of native, got"),
    "no-program": ("error", "missing.elf"),
    "passes-and-must-not": ("xpass", "nobody knows any more"),
    "build-fails": ("error", "no compiler today"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("failures")
    command = [sys.executable, "-m", "axemu", "suite", "run", str(SUITE), "-j2", "--verify-determinism"]
    command += ["--results", str(folder / "results"), "--json", str(folder / "run.jsonl")]
    command += [
        "--junit",
        str(folder / "run.xml"),
        "--html",
        str(folder / "run.html"),
        "--tap",
        str(folder / "run.tap"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    return folder, done


@pytest.fixture(scope="module")
def results(run: tuple[Path, subprocess.CompletedProcess[str]]) -> dict[str, Any]:
    lines = map(json.loads, (run[0] / "run.jsonl").read_text().splitlines())
    return {Path(each["case"]).name: each for each in lines if each["kind"] == "result"}


@pytest.mark.timeout(300)
def test_the_run_fails_and_says_so_without_a_traceback(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = run
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert f"{len(WANTED)} cases" in done.stderr


@pytest.mark.parametrize("case", WANTED)
def test_a_designed_failure_has_its_verdict_and_its_reason(results: dict[str, Any], case: str) -> None:
    verdict, reason = WANTED[case]
    found = results[case]
    assert found["verdict"] == verdict, found["reason"]
    assert reason in found["reason"] or any(reason in each for each in found["details"]), found


def test_every_failure_of_a_guest_has_its_place_and_a_bundle(results: dict[str, Any]) -> None:
    for name, found in results.items():
        if found["verdict"] in ("fail", "timeout", "nondeterministic"):
            assert found["where"]["registers"], name
            assert (Path(found["bundle"]) / "guest.toml").exists(), name
            assert found["replay"].startswith("axemu "), name
    assert results["crash"]["where"]["symbol"]


def test_junit_counts_what_the_run_counts(
    run: tuple[Path, subprocess.CompletedProcess[str]], results: dict[str, Any]
) -> None:
    root = ET.parse(run[0] / "run.xml").getroot()
    bad = [
        each
        for each in root.iter("testcase")
        if each.find("failure") is not None or each.find("error") is not None
    ]
    assert len(list(root.iter("testcase"))) == len(results)
    assert len(bad) == len(results)
