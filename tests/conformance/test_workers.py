"""A test that kills or hangs its process costs one result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from conformance.cases import Case, Verdict
from conformance.workers import Runner, run_cases

CRASH = "__import__('os').abort()"
HANG = "__import__('time').sleep(60)"


def evaluate(expressions: Sequence[str], jobs: int = 1, timeout: float = 60.0) -> list[Any]:
    """Run expressions as if they were cases: the child evaluates them, for it cannot import a test."""
    return list(run_cases(cast(Sequence[Case], expressions), cast(Runner, eval), jobs, timeout))


def test_a_crash_is_one_error_and_the_rest_goes_on() -> None:
    first, crash, last = evaluate(["40 + 2", CRASH, "6 * 7"])
    assert (first, last) == (42, 42)
    assert crash.verdict is Verdict.ERROR
    assert crash.text == "the process died with status -6"


def test_an_exception_is_an_error_with_its_text() -> None:
    (result,) = evaluate(["1 // 0"])
    assert result.verdict is Verdict.ERROR
    assert "ZeroDivisionError" in result.text


def test_a_hang_is_a_timeout_and_the_rest_goes_on() -> None:
    warm, hang, last = evaluate(["1", HANG, "2"], timeout=0.5)
    assert (warm, last) == (1, 2)
    assert hang.verdict is Verdict.TIMEOUT


def test_every_case_is_answered_once_with_several_workers() -> None:
    assert sorted(evaluate([f"{n}" for n in range(20)], jobs=2)) == list(range(20))
