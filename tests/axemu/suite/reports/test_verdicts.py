"""Order, colours and counts of verdicts."""

from __future__ import annotations

from axemu.suite.reports import verdicts
from axemu.suite.result import Ended, Result, Verdict


def test_every_verdict_has_a_place_and_a_colour() -> None:
    assert sorted(verdicts.ORDER, key=str) == sorted(Verdict, key=str)
    assert set(verdicts.COLOURS) == set(Verdict)


def test_those_that_fail_a_run_come_first() -> None:
    good = [each.good for each in verdicts.ORDER]
    assert good == sorted(good)


def test_counts_are_of_what_occurs(every_verdict: Ended) -> None:
    assert list(verdicts.counts(every_verdict.results).items()) == [(each, 1) for each in verdicts.ORDER]
    assert verdicts.counts([]) == {}


def test_a_case_is_one_line_whatever_its_name_and_reason_hold() -> None:
    line = verdicts.line(Result("a\nb\x1b[2J", Verdict.FAIL, "c\r\nd\x07", seconds=1.5, attempt=2)).plain
    assert line == "fail     a b  c d\u2407  attempt 2  1.50 s"


def test_a_long_verdict_is_still_apart_from_the_name() -> None:
    assert verdicts.line(Result("a", Verdict.NONDETERMINISTIC)).plain.startswith("nondeterministic  a")
