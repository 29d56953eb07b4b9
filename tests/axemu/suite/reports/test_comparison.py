"""A comparison on a screen and as JSON."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import pytest

from axemu.suite.reports import comparison
from axemu.suite.reports.compare import Comparison, compare
from axemu.suite.reports.rendering import Rendering
from axemu.suite.result import Ended, Result, Verdict


@pytest.fixture
def both(run_of: Callable[..., Ended]) -> Comparison:
    """One case of each kind."""
    old = [
        Result("worse", Verdict.PASS),
        Result("still", Verdict.FAIL, "old reason"),
        Result("better", Verdict.TIMEOUT),
        Result("aside", Verdict.FAIL),
        Result("gone", Verdict.PASS),
        Result("costly", Verdict.PASS, instructions=1000, seconds=1.0),
    ]
    new = [
        Result(
            "worse", Verdict.FAIL, "exit code 1", ("console: no 'passed'",), replay="axemu suite -k worse"
        ),
        Result("still", Verdict.ERROR, "new reason"),
        Result("better", Verdict.PASS),
        Result("aside", Verdict.QUARANTINED, "bug 7"),
        Result("fresh", Verdict.PASS),
        Result("costly", Verdict.PASS, instructions=1100, seconds=3.0),
    ]
    return compare(run_of(*old), run_of(*new))


def shown(found: Comparison) -> str:
    stream = io.StringIO()
    Rendering(stream).print(*comparison.told(found))
    return stream.getvalue()


def test_each_kind_has_a_table_with_both_verdicts(both: Comparison) -> None:
    text = shown(both)
    for line in (
        r"fail +error +still +new reason",
        r"timeout +pass +better",
        r"fail +quarantined +aside +bug 7",
        r"- +pass +fresh",
        r"pass +- +gone",
        r" *1,000 +1,100 +\+10\.00 % +costly +instructions",
        r"1\.00 s +3\.00 s +costly",
    ):
        assert re.search(f"(?m)^{line} *$", text), line


def test_a_new_failure_is_told_in_full_and_the_answer_comes_last(both: Comparison) -> None:
    text = shown(both)
    assert (
        "fail  worse\n  exit code 1\n    console: no 'passed'\n  replay: axemu suite -k worse\n  was: pass\n"
        in text
    )
    assert text.endswith("\n1 new failure, 1 fixed, 1 still failing; 6 cases before, 6 now\n")


def test_two_equal_runs_are_one_line(every_verdict: Ended) -> None:
    lines = shown(compare(every_verdict, every_verdict)).splitlines()
    assert lines[-1] == "0 new failures, 0 fixed, 5 still failing; 9 cases before, 9 now"
    assert not any("new failures:" in each or "budgets" in each for each in lines)


def test_cases_that_an_interrupted_run_did_not_reach_are_not_called_gone(
    run_of: Callable[..., Ended], every_verdict: Ended
) -> None:
    text = shown(compare(every_verdict, run_of(*every_verdict.results[:3], interrupted=True)))
    assert "not reached: 6" in text and "no longer there" not in text
    assert text.rstrip().endswith("the new run ended early")


def test_long_tables_are_bounded_and_say_so(run_of: Callable[..., Ended]) -> None:
    new = run_of(*(Result(f"case-{each}", Verdict.FAIL) for each in range(comparison.SHOWN + 7)))
    text = shown(compare(run_of(), new))
    assert text.count("fail  case-") == comparison.SHOWN and "... and 7 more" in text


def test_names_and_reasons_cannot_write_to_the_screen(run_of: Callable[..., Ended], nasty: bytes) -> None:
    text = nasty.decode(errors="replace")
    old = run_of(Result(text, Verdict.FAIL, text), Result(text + "2", Verdict.PASS, exits={text: 1}))
    new = run_of(
        Result(text, Verdict.PASS, text), Result(text + "2", Verdict.PASS), Result(text + "3", Verdict.FAIL)
    )
    assert not re.search("[^\n\x20-\x7e\xa0-\uffff]", shown(compare(old, new)))


def test_json_has_everything_as_plain_values(both: Comparison) -> None:
    values = json.loads(json.dumps(comparison.as_json(both)))
    assert values["kind"] == "comparison" and values["good"] is False
    assert values["new_failures"] == [
        {
            "case": "worse",
            "old": {"verdict": "pass", "reason": "", "seconds": 0.0, "replay": ""},
            "new": {
                "verdict": "fail",
                "reason": "exit code 1",
                "seconds": 0.0,
                "replay": "axemu suite -k worse",
            },
        }
    ]
    names = {
        kind: [each["case"] for each in values[kind]] for kind in values if isinstance(values[kind], list)
    }
    assert names == {
        "new_failures": ["worse"], "still_failing": ["still"], "fixed": ["better"], "set_aside": ["aside"],
        "added": ["fresh"], "removed": ["gone"], "slower": ["costly"], "faster": [], "budgets": ["costly"],
    }  # fmt: skip
    assert values["budgets"] == [{"case": "costly", "what": "instructions", "old": 1000, "new": 1100}]
    assert values["old"]["cases"] == values["new"]["cases"] == 6
