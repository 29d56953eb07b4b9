"""Two runs: what became worse, what became better."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import pytest

from axemu.suite.reports.compare import Budget, Comparison, Pair, compare
from axemu.suite.result import Ended, Result, Verdict

KINDS = ("new_failures", "still_failing", "fixed", "set_aside", "added", "removed")
BAD = [each for each in Verdict if not each.good]


def compared(run_of: Callable[..., Ended], old: Iterable[Result], new: Iterable[Result]) -> Comparison:
    return compare(run_of(*old), run_of(*new))


def kind_of(comparison: Comparison) -> str:
    """The one kind that the one case is of, "" for none."""
    found = [kind for kind in KINDS if getattr(comparison, kind)]
    assert len(found) <= 1
    return found[0] if found else ""


def expected(old: Verdict | None, new: Verdict | None) -> str:
    if new is None:
        return "removed"
    if new in BAD:
        return "still_failing" if old in BAD else "new_failures"
    if old is None:
        return "added"
    if new in (Verdict.SKIP, Verdict.QUARANTINED):
        return "" if old is new else "set_aside"
    return "fixed" if old in BAD else ""


@pytest.mark.parametrize(
    ("old", "new"), [each for each in itertools.product([*Verdict, None], repeat=2) if each != (None, None)]
)
def test_each_pair_of_verdicts_is_of_one_kind(
    run_of: Callable[..., Ended], old: Verdict | None, new: Verdict | None
) -> None:
    runs = [[] if each is None else [Result("a", each)] for each in (old, new)]
    found = compared(run_of, *runs)
    assert kind_of(found) == expected(old, new)
    assert found.good == (expected(old, new) != "new_failures")


def test_a_case_that_ran_again_counts_as_it_came_to_last(run_of: Callable[..., Ended]) -> None:
    again = [Result("a", Verdict.ERROR), Result("a", Verdict.PASS, attempt=2)]
    assert kind_of(compared(run_of, [Result("a", Verdict.PASS)], again)) == ""


def test_a_manifest_that_moved_has_the_same_cases(run_of: Callable[..., Ended]) -> None:
    found = compared(
        run_of, [Result("a", Verdict.PASS, suite="x.toml")], [Result("a", Verdict.FAIL, suite="sub/x.toml")]
    )
    assert kind_of(found) == "new_failures"


def test_a_name_in_two_manifests_is_two_cases(run_of: Callable[..., Ended]) -> None:
    found = compared(
        run_of,
        [Result("a", Verdict.PASS, suite="x"), Result("a", Verdict.FAIL, suite="y")],
        [Result("a", Verdict.FAIL, suite="x"), Result("a", Verdict.PASS, suite="y")],
    )
    assert [each.name for each in found.new_failures] == ["x: a"]
    assert [each.name for each in found.fixed] == ["y: a"]


def test_budgets_that_changed_are_told_of_cases_that_passed_both_times(run_of: Callable[..., Ended]) -> None:
    found = compared(
        run_of,
        [
            Result("a", Verdict.PASS, instructions=100, exits={"MmioRead": 3, "Halt": 1}),
            Result("b", Verdict.FAIL, instructions=100),
            Result("c", Verdict.PASS, instructions=5, exits={"Halt": 1}),
        ],
        [
            Result("a", Verdict.PASS, instructions=150, exits={"MmioRead": 3, "Irq": 2}),
            Result("b", Verdict.PASS, instructions=7),
            Result("c", Verdict.PASS, instructions=5, exits={"Halt": 1}, seconds=0.4),
        ],
    )
    assert found.budgets == (
        Budget("a", "instructions", 100, 150),
        Budget("a", "exits: Halt", 1, 0),
        Budget("a", "exits: Irq", 0, 2),
    )
    assert [each.ratio for each in found.budgets] == [1.5, 0.0, float("inf")]
    assert found.good


def test_host_time_is_told_where_it_changed_much_and_decides_nothing(run_of: Callable[..., Ended]) -> None:
    times = {
        "twice": (1.0, 2.0),
        "little": (0.01, 0.4),
        "same": (10.0, 11.0),
        "half": (3.0, 1.0),
        "more": (1.0, 9.0),
    }
    old, new = (
        [Result(name, Verdict.PASS, seconds=seconds[at]) for name, seconds in times.items()] for at in (0, 1)
    )
    found = compared(run_of, old, new)
    assert [each.name for each in found.slower] == ["more", "twice"]
    assert [each.name for each in found.faster] == ["half"]
    assert found.good and kind_of(found) == ""


def test_cases_stand_in_the_order_of_the_new_run(run_of: Callable[..., Ended]) -> None:
    old = [Result(name, Verdict.PASS) for name in "abcd"]
    new = [Result(name, Verdict.FAIL) for name in "dbx"]
    found = compared(run_of, old, new)
    assert [each.name for each in found.new_failures] == ["d", "b", "x"]
    assert found.new_failures[2] == Pair("x", None, new[2])
    assert [each.name for each in found.removed] == ["a", "c"]


def test_numbers_as_large_as_a_stored_run_may_hold_are_compared(run_of: Callable[..., Ended]) -> None:
    large = (1 << 1000) - 1
    found = compared(
        run_of, [Result("a", Verdict.PASS, instructions=1)], [Result("a", Verdict.PASS, instructions=large)]
    )
    assert found.budgets[0].ratio > 1e300
