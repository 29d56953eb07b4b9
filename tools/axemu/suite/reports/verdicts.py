"""Verdicts as reports show them: the order of counts, and a colour each."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from axemu.suite.reports.consoles import one_line
from axemu.suite.reports.durations import took
from axemu.suite.result import Result, Verdict

WIDTH = 9  # columns; longer words than "timeout" push the rest

ORDER = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.TIMEOUT,
    Verdict.NONDETERMINISTIC,
    Verdict.XPASS,
    Verdict.XFAIL,
    Verdict.QUARANTINED,
    Verdict.SKIP,
    Verdict.PASS,
)
COLOURS = {
    Verdict.FAIL: "red",
    Verdict.ERROR: "magenta",
    Verdict.TIMEOUT: "yellow",
    Verdict.NONDETERMINISTIC: "red",
    Verdict.XPASS: "red",
    Verdict.XFAIL: "cyan",
    Verdict.QUARANTINED: "cyan",
    Verdict.SKIP: "blue",
    Verdict.PASS: "green",
}


def counts(results: Iterable[Result]) -> dict[Verdict, int]:
    """The verdicts that occur, with their numbers, the worst first."""
    found = dict.fromkeys(ORDER, 0)
    for result in results:
        found[result.verdict] += 1
    return {verdict: number for verdict, number in found.items() if number}


def failures(results: Iterable[Result]) -> list[Result]:
    """Those that make a run fail, in the run's order."""
    return [result for result in results if not result.verdict.good]


def line(result: Result) -> Text:
    """One case on one line: verdict, name, reason, and how long it took."""
    told = Text(f"{result.verdict.value}  ".ljust(WIDTH), COLOURS[result.verdict])
    told.append(one_line(result.case), "bold" if not result.verdict.good else "not bold")
    if result.reason:
        told.append("  " + one_line(result.reason), "none")
    if result.attempt > 1:
        told.append(f"  attempt {result.attempt}", "none")
    told.append(f"  {took(result.seconds)}", "dim")
    return told
