"""How far a run is."""

from __future__ import annotations

import threading
from collections.abc import Callable

from axemu.suite.reports.progress import Progress, Ticker, tally
from axemu.suite.result import Ended, Result, Verdict


def begun(run_of: Callable[..., Ended], total: int = 4) -> Progress:
    return Progress(run_of(*[Result("", Verdict.PASS)] * total).run, 100.0)


def test_a_worker_runs_what_it_began_until_that_has_ended(run_of: Callable[..., Ended]) -> None:
    progress = begun(run_of)
    progress.started("0", "a", 101.0)
    progress.started("1", "b", 102.0)
    progress.finished(Result("a", Verdict.FAIL, worker="0"))
    assert progress.running == {"1": ("b", 102.0)} and progress.done == 1


def test_a_result_of_a_lost_worker_ends_its_case(run_of: Callable[..., Ended]) -> None:
    progress = begun(run_of)
    progress.started("0", "a", 101.0)
    progress.started("1", "b", 102.0)
    progress.finished(Result("b", Verdict.ERROR, worker=""))
    assert list(progress.running) == ["0"]
    progress.finished(Result("never begun", Verdict.SKIP))
    assert list(progress.running) == ["0"] and progress.done == 2


def test_the_slowest_is_kept(run_of: Callable[..., Ended]) -> None:
    progress = begun(run_of)
    for name, seconds in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        progress.finished(Result(name, Verdict.PASS, seconds=seconds))
    assert progress.slowest is not None and progress.slowest.case == "b"


def test_what_remains_takes_as_long_as_what_was(run_of: Callable[..., Ended]) -> None:
    progress = begun(run_of)
    assert progress.remaining(110.0) is None
    progress.finished(Result("a", Verdict.PASS))
    assert progress.remaining(110.0) == 30.0
    progress.done = 5  # a case that was run again
    assert progress.remaining(110.0) is None


def test_the_tally_has_the_worst_first() -> None:
    assert tally({Verdict.PASS: 1500, Verdict.FAIL: 2, Verdict.SKIP: 0}).plain == "2 fail  1,500 pass"
    assert tally({}).plain == "nothing ended yet"


def test_a_ticker_ticks_until_it_is_stopped_and_then_no_more() -> None:
    ticks, twice = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 2:
            twice.set()

    ticker = Ticker(0.001, tick)
    ticker.start()
    assert twice.wait(30)
    ticker.stop()
    after = ticks
    assert not threading.Event().wait(0.02) and ticks == after


def test_a_ticker_that_never_began_can_be_stopped() -> None:
    Ticker(1.0, lambda: None).stop()
