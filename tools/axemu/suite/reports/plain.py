"""A run as lines: for pipes, logs and CI, where nothing can be redrawn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import RenderableType
from rich.text import Text

from axemu.errors import OutputClosed
from axemu.suite.reports import summary
from axemu.suite.reports.consoles import one_line
from axemu.suite.reports.durations import took
from axemu.suite.reports.progress import Progress, Ticker, tally
from axemu.suite.reports.rendering import Rendering
from axemu.suite.reports.verdicts import line
from axemu.suite.result import Ended, Result, Run

PERIOD = 10.0  # seconds between lines of progress


class Plain:
    """A Watcher. A line for every case that failed, all of them with `verbose`, and every PERIOD how far it is."""

    def __init__(
        self,
        stream: TextIO,
        verbose: bool = False,
        clock: Callable[[], float] = time.monotonic,
        period: float = PERIOD,
    ) -> None:
        self._rendering = Rendering(stream)
        self._verbose, self._clock = verbose, clock
        self._lock = threading.Lock()
        self._ticker = Ticker(period, self._tick)
        self._progress: Progress | None = None
        self._failure: OSError | None = None

    def begin(self, run: Run) -> None:
        self._progress = Progress(run, self._clock())
        self._print(header(run))
        self._ticker.start()

    def started(self, worker: str, case: str) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.started(worker, case, self._clock())

    def finished(self, result: Result) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.finished(result)
            if self._verbose or not result.verdict.good:
                self._print(line(result))

    def end(self, ended: Ended) -> None:
        self._ticker.stop()
        self._print(*summary.summary(ended, self._verbose))
        if self._failure is not None:
            raise OutputClosed(
                "The run's progress could not be printed.", f"{self._failure.strerror or self._failure}."
            )

    def _tick(self) -> None:
        with self._lock:
            if self._progress is not None:
                self._print(progress_line(self._progress, self._clock()))

    def _print(self, *texts: RenderableType) -> None:
        if self._failure is None:
            try:
                self._rendering.print(*texts)
            except (OSError, ValueError) as error:  # ValueError: the stream was closed
                self._failure = error if isinstance(error, OSError) else OSError(str(error))


def header(run: Run) -> Text:
    """What is about to run: "12 cases of guests, 2 workers, seed 7"."""
    cases, workers = ("" if each == 1 else "s" for each in (run.total, run.workers))
    return Text(
        f"{run.total:,} case{cases} of {one_line(run.title)}, {run.workers} worker{workers}, seed {run.seed}"
    )


def progress_line(progress: Progress, now: float) -> Text:
    """ "120/1,000 after 10.0 s: 1 fail  119 pass; longest: linux-boot for 8.00 s" """
    text = Text(f"{progress.done:,}/{progress.run.total:,} after {took(now - progress.began)}: ")
    text.append(tally(progress.counts).plain)
    if progress.running:
        case, since = min(progress.running.values(), key=lambda each: each[1])
        text.append(f"; longest: {one_line(case)} for {took(now - since)}")
    return text
