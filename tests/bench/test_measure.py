"""Sides are measured in turn, in processes of their own, and a failure is a fact, not a crash."""

from __future__ import annotations

import sys

import pytest

from bench.measure import Clock, Command, Difference, MeasurementError, Samples, interleave


def python(name: str, code: str, clock: Clock = Clock.WALL, per: float = 1.0) -> Command:
    return Command(name, (sys.executable, "-c", code), clock, per)


def test_rounds_are_interleaved() -> None:
    turns: list[str] = []
    found = interleave([python("a", "pass"), python("b", "pass")], 2, turns.append)
    assert turns == ["a", "b", "a", "b"]
    assert all(len(samples.values) == 2 and samples.minimum > 0 for samples in found.values())


def test_a_side_that_fails_is_run_once_and_says_why() -> None:
    found = interleave(
        [python("bad", "raise SystemExit('no engine')"), python("good", "pass")], 3, lambda _: None
    )
    assert found["bad"] == Samples((), "bad: no engine")
    assert len(found["good"].values) == 3


def test_a_program_that_is_not_there_is_a_failed_side() -> None:
    found = interleave([Command("gone", ("/nonexistent/program",), Clock.WALL)], 1, lambda _: None)
    assert "No such file" in found["gone"].error


def test_user_time_does_not_count_sleeping_and_is_divided() -> None:
    code = "import time; time.sleep(0.5)"
    assert python("sleep", code, Clock.USER).run() < 0.4
    assert python("sleep", code, Clock.WALL, per=1000).run() < 0.1


def test_an_exit_code_is_named() -> None:
    with pytest.raises(MeasurementError, match="quiet: exit code 7"):
        python("quiet", "raise SystemExit(7)").run()


def test_minimum_and_median() -> None:
    samples = Samples((3.0, 1.0, 10.0))
    assert (samples.minimum, samples.median) == (1.0, 3.0)


def test_a_difference_is_what_the_whole_takes_beyond_its_part() -> None:
    whole = python("side", "import time; time.sleep(0.6)")
    part = python("side", "import time; time.sleep(0.2)")
    assert Difference("side", whole, part).run() > 0.1
    assert Difference("side", part, whole).run() < 0


def test_cpu_time_counts_the_kernel_s_too() -> None:
    code = "import os\nfor _ in range(200_000): os.stat('/')"
    assert python("stat", code, Clock.CPU).run() > 0
