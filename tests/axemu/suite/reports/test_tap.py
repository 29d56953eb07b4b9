"""TAP version 14."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axemu.errors import InputUnreadable
from axemu.suite.reports import tap
from axemu.suite.result import Ended, Result, Run, Sub, Verdict

POINT = re.compile(r"(not )?ok (\d+) - ((?:[^#\\]|\\.)*?)(?: # (SKIP|TODO)(?: (.*))?)?")


def parsed(lines: list[str]) -> list[tuple[bool, str, str | None, dict[str, object], list]]:  # type: ignore[type-arg]
    """A strict reader: points as (ok, name, directive, diagnostics, subtest). Anything else fails."""
    points: list = []  # type: ignore[type-arg]
    plan, bailed, subtest, at = None, False, None, 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if match := re.fullmatch(r"1\.\.(\d+)(?: # .*)?", line):
            assert plan is None
            plan = int(match[1])
        elif re.match(r"# Subtest: ", line):
            inner = at
            while lines[at].startswith("    "):
                at += 1
            subtest = parsed([each[4:] for each in lines[inner:at]])
        elif line.startswith("Bail out!"):
            bailed = True
        elif not line.startswith("#"):
            match = POINT.fullmatch(line)
            assert match, line
            assert int(match[2]) == len(points) + 1
            diagnostics: dict[str, object] = {}
            if at < len(lines) and lines[at] == "  ---":
                end = lines.index("  ...", at)
                diagnostics = read_yaml(lines[at + 1 : end])
                at = end + 1
            name = re.sub(r"\\(.)", r"\1", match[3])
            points.append((match[1] is None, name, match[4], diagnostics, subtest or []))
            subtest = None
    assert plan == len(points) or bailed
    return points


def read_yaml(lines: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for line in lines:
        if match := re.fullmatch(r"  (\w+): \|", line):
            found[match[1]] = ""
        elif match := re.fullmatch(r"  (\w+): (.+)", line):
            found[match[1]] = json.loads(match[2])
        else:
            assert line == "" or line.startswith("    "), line
            key = list(found)[-1]
            found[key] = f"{found[key]}{line[4:]}\n"
    return found


def points(ended: Ended) -> list[tuple[bool, str, str | None, dict[str, object], list]]:  # type: ignore[type-arg]
    version, *lines = tap.document(ended).removesuffix("\n").split("\n")
    assert version == "TAP version 14"
    return parsed(lines)


def test_every_verdict_becomes_what_harnesses_know(every_verdict: Ended) -> None:
    assert {name.split("/")[1]: (ok, directive) for ok, name, directive, *_ in points(every_verdict)} == {
        "pass": (True, None),
        "fail": (False, None),
        "error": (False, None),
        "timeout": (False, None),
        "nondeterministic": (False, None),
        "xpass": (False, None),
        "xfail": (False, "TODO"),
        "quarantined": (False, "TODO"),
        "skip": (True, "SKIP"),
    }


def test_a_failure_has_diagnostics(every_verdict: Ended) -> None:
    facts = points(every_verdict)[1][3]
    assert facts["message"] == "exit code 1, expected 0" and facts["severity"] == "fail"
    assert facts["missed"] == "console: no line matches 'passed'\nexit code: expected 0, got 1\n"
    assert facts["at"] == "pc 0x80000a1c handle_trap (trap.c:118), cpu1"
    assert (facts["instructions"], facts["seed"], facts["replay"]) == (
        123456,
        7,
        "axemu suite -k all --seed 7",
    )
    assert "\n...\n---\n" in str(facts["console"])


def test_passes_and_skips_have_none(every_verdict: Ended) -> None:
    assert [each[3] for each in points(every_verdict) if each[0]] == [{}, {}]


def test_checks_inside_a_guest_are_a_subtest(every_verdict: Ended) -> None:
    for _, name, _, _, subtest in points(every_verdict):
        assert [(ok, sub, skip and skip) for ok, sub, skip, *_ in subtest] == [
            (True, "maps", None),
            (False, "faults # here", "TODO" if name.endswith(("xfail", "quarantined")) else None),
            (True, "huge", "SKIP"),
        ]
        assert subtest[1][3] == {"message": "cause 13 not 15"}


def test_reasons_are_in_the_directive(run_of: Callable[..., Ended]) -> None:
    text = tap.document(run_of(Result("a", Verdict.SKIP, "no # disk"), Result("b", Verdict.XFAIL, "bug 7")))
    assert "ok 1 - a # SKIP no \\# disk\n" in text and "not ok 2 - b # TODO xfail: bug 7\n" in text
    assert "not ok 1 - a # TODO quarantined\n" in tap.document(run_of(Result("a", Verdict.QUARANTINED)))


def test_a_run_that_ended_early_does_not_look_complete(
    run_of: Callable[..., Ended], every_verdict: Ended
) -> None:
    text = tap.document(run_of(every_verdict.results[0], run=every_verdict.run, interrupted=True))
    assert "\n1..9\n" in text and text.endswith("Bail out! Ended early: 8 cases did not run\n")


def test_a_run_without_cases_is_a_skipped_one(run_of: Callable[..., Ended]) -> None:
    assert "1..0 # SKIP no case was selected" in tap.document(run_of())


@given(st.text(alphabet=st.characters(), max_size=50), st.binary(max_size=80))
def test_nothing_that_a_guest_writes_becomes_tap(text: str, console: bytes) -> None:
    results = tuple(
        Result(text, each, text, (text, "  " + text), suite=text, replay=text, console=console,
               subresults=(Sub(text, False, text=text), Sub(text, True, True, text)))
        for each in (Verdict.FAIL, Verdict.SKIP, Verdict.XFAIL)
    )  # fmt: skip
    found = points(Ended(Run(text, text, text, text, 0.0, 7, 3), results, 1.0))
    assert [(ok, directive) for ok, _, directive, *_ in found] == [
        (False, None),
        (True, "SKIP"),
        (False, "TODO"),
    ]


@pytest.mark.skipif(shutil.which("prove") is None, reason="needs Perl's prove")
def test_perls_harness_counts_the_same(every_verdict: Ended, tmp_path: Path) -> None:
    path = tmp_path / "r.tap"
    path.write_text(tap.document(every_verdict).replace("version 14", "version 13"))  # older ones know no 14
    said = subprocess.run(
        ["prove", "--exec", "cat", path], capture_output=True, text=True, check=False
    ).stdout
    assert "Failed tests:  2-5, 7" in said and "Tests: 9 Failed: 5" in said and "Parse errors" not in said


def test_a_file_that_cannot_be_written_is_told_at_the_end(every_verdict: Ended, tmp_path: Path) -> None:
    watcher = tap.Tap(tmp_path / "none" / "r.tap")
    watcher.begin(every_verdict.run)
    with pytest.raises(InputUnreadable, match="Cannot write the TAP report"):
        watcher.end(every_verdict)
