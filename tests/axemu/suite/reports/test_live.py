"""A run on a terminal."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from axemu.errors import OutputClosed
from axemu.suite.reports.live import Live, display, frame, suits
from axemu.suite.reports.plain import Plain
from axemu.suite.reports.progress import Progress
from axemu.suite.result import Ended, Result, Run, Verdict

TERMINAL = {"TERM": "xterm"}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def progress_of(run: Run, workers: int) -> Progress:
    progress = Progress(run, 100.0)
    for each in range(workers):
        progress.started(f"w{each}", f"riscv64/case-{each}" + "-long" * 30, 101.0 + each)
    progress.finished(Result("riscv64/slow" + "-long" * 30, Verdict.PASS, seconds=34.1))
    progress.finished(Result("riscv64/x", Verdict.FAIL))
    return progress


@pytest.mark.parametrize("workers", [0, 1, 2, 9, 64])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (20, 5), (200, 60), (4, 2)])
def test_a_frame_fits_its_terminal(every_verdict: Ended, workers: int, width: int, height: int) -> None:
    lines = frame(progress_of(every_verdict.run, workers), 110.0, width - 1, height)
    assert len(lines) <= height // 2 + 4
    if width >= 80:
        assert all(each.cell_len < width for each in lines)


def test_a_frame_says_what_runs_the_longest_first(every_verdict: Ended) -> None:
    lines = [each.plain for each in frame(progress_of(every_verdict.run, 64), 110.0, 79, 24)]
    assert re.fullmatch("━+─+ 2/9  10.0 s, about 35 s left", lines[0])
    assert lines[1] == "1 fail  1 pass"
    assert re.fullmatch(r"w0  riscv64/case-0.*…  9.00 s", lines[2])
    assert re.fullmatch(r"w1  riscv64/case-1.*…  8.00 s", lines[3])
    assert lines[-2] == "and 56 more workers"
    assert re.fullmatch(r"slowest: riscv64/slow.*…  34.1 s", lines[-1])


def test_a_run_without_cases_and_one_with_too_many_have_a_bar(run_of: Callable[..., Ended]) -> None:
    progress = Progress(run_of().run, 0.0)
    assert "0/0" in frame(progress, 1.0, 79, 24)[0].plain
    progress.done = 3
    assert "3/0" in frame(progress, 1.0, 79, 24)[0].plain


def test_failures_scroll_above_and_the_summary_is_the_end(
    every_verdict: Ended, monkeypatch: pytest.MonkeyPatch, glass: Callable[[int, int], Any]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    screen = glass(80, 24)
    watcher = Live(screen, clock=Clock(), period=60)
    watcher.begin(every_verdict.run)
    for result in every_verdict.results:
        watcher.started(result.worker, result.case)
        watcher.finished(result)
        watcher._tick()  # as its thread would
        assert any("/9  0.00 s" in line for line in screen.lines[-6:])
    watcher.end(every_verdict)
    assert screen.lines[0] == "9 cases of guests, 2 workers, seed 7"
    assert [each.split()[0] for each in screen.lines[1:6]] == [
        "fail",
        "error",
        "timeout",
        "nondeterministic",
        "xpass",
    ]
    assert not any("/9  0.00 s" in line for line in screen.lines)
    assert screen.lines[-2:] == ["9 cases in 2.50 s, 2 workers, seed 7", ""]


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_there_unless_they_are_not_wanted(
    every_verdict: Ended, monkeypatch: pytest.MonkeyPatch, no_color: str, glass: Callable[[int, int], Any]
) -> None:
    for name, value in (("NO_COLOR", no_color), ("TERM", "xterm"), ("COLORTERM", "")):
        monkeypatch.setenv(name, value)
    raw: list[str] = []
    screen = glass(80, 24)
    monkeypatch.setattr(screen, "write", lambda text: raw.append(text) or len(text))
    watcher = Live(screen, period=60)
    watcher.begin(every_verdict.run)
    watcher.finished(every_verdict.results[1])
    watcher.end(every_verdict)
    colours = re.findall(r"\x1b\[[0-9;]*3[0-7]m", "".join(raw))
    assert bool(colours) == (no_color == "")


def test_its_thread_draws_while_nothing_ends(every_verdict: Ended, glass: Callable[[int, int], Any]) -> None:
    screen, drawn = glass(80, 24), threading.Event()
    clock = Clock()
    watcher = Live(screen, clock=clock, period=0.005)
    watcher.begin(every_verdict.run)
    watcher.started("w0", "riscv64/linux")
    clock.now += 75
    end = threading.Event()
    for _ in range(2000):
        if any("riscv64/linux" in line and "1 min 15 s" in line for line in list(screen.lines)):
            drawn.set()
            break
        end.wait(0.005)
    watcher.end(every_verdict)
    assert drawn.is_set()


def test_a_terminal_that_has_gone_is_told_at_the_end_only(every_verdict: Ended) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    watcher = Live(Gone(), period=60)
    watcher.begin(every_verdict.run)
    watcher.finished(every_verdict.results[1])
    with pytest.raises(OutputClosed, match="Input/output error"):
        watcher.end(every_verdict)


class Looked(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {}, TERMINAL | {"CI": "true"}, TERMINAL | {"GITHUB_ACTIONS": "true"}]
)
def test_where_nobody_looks_there_are_lines(environment: dict[str, str]) -> None:
    assert not suits(Looked(), environment)
    assert isinstance(display(Looked(), environment), Plain)


def test_a_pipe_gets_lines_and_a_terminal_what_changes() -> None:
    assert isinstance(display(io.StringIO(), TERMINAL), Plain)
    assert isinstance(display(Looked(), TERMINAL | {"CI": "false"}), Live)
