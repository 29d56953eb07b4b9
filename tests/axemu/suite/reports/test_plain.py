"""A run as lines."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable

import pytest

from axemu.errors import OutputClosed
from axemu.suite.reports.plain import PERIOD, Plain, progress_line
from axemu.suite.reports.progress import Progress
from axemu.suite.result import Ended, Result, Verdict


def told(ended: Ended, verbose: bool = False) -> str:
    stream = io.StringIO()
    watcher = Plain(stream, verbose)
    watcher.begin(ended.run)
    for result in ended.results:
        watcher.started(result.worker, result.case)
        watcher.finished(result)
    said = stream.getvalue()
    watcher.end(ended)
    assert stream.getvalue().startswith(said)
    return said


def test_a_line_for_each_case_that_failed_as_it_ends(every_verdict: Ended) -> None:
    lines = told(every_verdict).splitlines()
    assert lines[0] == "9 cases of guests, 2 workers, seed 7"
    assert [line.split()[0] for line in lines[1:]] == [
        "fail",
        "error",
        "timeout",
        "nondeterministic",
        "xpass",
    ]
    assert lines[1] == "fail     riscv64/fail  exit code 1, expected 0  attempt 2  1.25 s"


def test_a_line_for_every_case_where_it_is_verbose(every_verdict: Ended) -> None:
    lines = told(every_verdict, verbose=True).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [each.value for each in Verdict]


def test_the_end_is_the_summary(every_verdict: Ended) -> None:
    stream = io.StringIO()
    watcher = Plain(stream)
    watcher.begin(every_verdict.run)
    watcher.end(every_verdict)
    assert "replay: axemu suite -k all" in stream.getvalue()
    assert stream.getvalue().endswith("9 cases in 2.50 s, 2 workers, seed 7\n")


def test_nothing_in_it_is_for_terminals(every_verdict: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in told(every_verdict, verbose=True)


def test_how_far_it_is_comes_while_nothing_ends(every_verdict: Ended) -> None:
    moved = threading.Event()

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            if "0/9 after" in text:
                moved.set()
            return super().write(text)

    stream = Stream()
    watcher = Plain(stream, period=0.005)
    watcher.begin(every_verdict.run)
    watcher.started("0", "riscv64/linux")
    assert moved.wait(30)
    watcher.end(every_verdict)
    assert re.search(
        r"^0/9 after \d+\.\d\d s: nothing ended yet(; longest: riscv64/linux for .* s)?$",
        stream.getvalue(),
        re.M,
    )


def test_lines_of_progress_are_ten_seconds_apart() -> None:
    assert PERIOD == 10.0


def test_progress_names_what_has_run_longest(run_of: Callable[..., Ended]) -> None:
    progress = Progress(run_of(*[Result("", Verdict.PASS)] * 2000).run, 100.0)
    progress.started("0", "young", 108.0)
    progress.started("1", "old", 102.0)
    progress.finished(Result("x", Verdict.PASS))
    assert progress_line(progress, 110.0).plain == "1/2,000 after 10.0 s: 1 pass; longest: old for 8.00 s"


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("stream", [Gone(), io.StringIO()])
def test_a_reader_that_has_gone_is_told_at_the_end_only(every_verdict: Ended, stream: io.StringIO) -> None:
    watcher = Plain(stream)
    if not isinstance(stream, Gone):
        stream.close()
    watcher.begin(every_verdict.run)
    watcher.finished(every_verdict.results[1])
    with pytest.raises(OutputClosed, match=r"Broken pipe|closed file"):
        watcher.end(every_verdict)
