"""A run on a terminal: how far it is, what each worker does, and failures as they happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from rich.text import Text

from axemu.errors import OutputClosed
from axemu.suite.reports import summary
from axemu.suite.reports.consoles import one_line
from axemu.suite.reports.durations import took
from axemu.suite.reports.foot import Foot
from axemu.suite.reports.plain import Plain, header
from axemu.suite.reports.progress import Progress, Ticker, tally
from axemu.suite.reports.rendering import Rendering
from axemu.suite.reports.verdicts import line
from axemu.suite.result import Ended, Result, Run
from axemu.suite.watcher import Watcher

PERIOD = 0.2  # seconds between redraws; cases may end a thousand times a second
WIDEST = 100  # columns; wider lines would only be folded when the window shrinks
FIXED = 3  # lines of a frame beside the workers'


def suits(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether somebody looks who can be shown lines that change. CI systems give a terminal that nobody looks at."""
    asked = (environment.get(name, "").lower() not in ("", "0", "false") for name in ("CI", "GITHUB_ACTIONS"))
    drawable = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    return not any(asked) and environment.get("TERM", "") not in ("", "dumb") and stream.isatty() and drawable


def display(stream: TextIO, environment: Mapping[str, str], verbose: bool = False) -> Watcher:
    """The watcher for a person at `stream`: `Live` where it suits, else `Plain`."""
    return Live(stream, verbose) if suits(stream, environment) else Plain(stream, verbose)


class Live:
    """A Watcher. Draws every PERIOD in a thread of its own, and once more for a case that failed."""

    def __init__(
        self,
        stream: TextIO,
        verbose: bool = False,
        clock: Callable[[], float] = time.monotonic,
        period: float = PERIOD,
    ) -> None:
        self._rendering = Rendering(stream)
        self._foot = Foot(self._rendering)
        self._verbose, self._clock = verbose, clock
        self._lock = threading.Lock()
        self._ticker = Ticker(period, self._tick)
        self._progress: Progress | None = None
        self._above: list[Text] = []  # not printed yet
        self._failure: OSError | None = None

    def begin(self, run: Run) -> None:
        self._progress = Progress(run, self._clock())
        self._above.append(header(run))
        self._tick()
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
                self._above.append(line(result))

    def end(self, ended: Ended) -> None:
        self._ticker.stop()
        with self._lock:
            self._draw([])
            if self._failure is None:
                try:
                    self._rendering.print(*summary.summary(ended, self._verbose))
                except (OSError, ValueError) as error:
                    self._failure = _as_os_error(error)
        if self._failure is not None:
            raise OutputClosed(
                "The run's progress could not be shown.", f"{self._failure.strerror or self._failure}."
            )

    def _tick(self) -> None:
        with self._lock:
            if self._progress is not None:
                width, height = self._rendering.console.size
                self._draw(frame(self._progress, self._clock(), min(width - 1, WIDEST), height))

    def _draw(self, lines: list[Text]) -> None:
        if self._failure is None:
            try:
                self._foot.draw(lines, self._above)
            except (OSError, ValueError) as error:
                self._failure = _as_os_error(error)
        self._above = []


def frame(progress: Progress, now: float, width: int, height: int) -> list[Text]:
    """The foot: bar, counts, workers with the longest first, slowest case. At most half of `height`, and FIXED lines."""
    lines = [_bar(progress, now, width), tally(progress.counts)]
    room = max(1, height // 2 - FIXED)
    running = sorted(progress.running.items(), key=lambda each: each[1][1])
    shown = running if len(running) <= room else running[: room - 1]
    columns = max((len(worker) for worker, _ in shown), default=0)
    lines += [
        _spread(f"{worker:<{columns}}  {one_line(case)}", took(now - since), width)
        for worker, (case, since) in shown
    ]
    if len(running) > len(shown):
        lines.append(Text(f"and {len(running) - len(shown)} more workers", "dim"))
    if progress.slowest is not None:
        lines.append(
            _spread(f"slowest: {one_line(progress.slowest.case)}", took(progress.slowest.seconds), width)
        )
        lines[-1].stylize("dim")
    return lines


def _bar(progress: Progress, now: float, width: int) -> Text:
    total = max(1, progress.run.total)
    done = min(progress.done, total)
    left = progress.remaining(now)
    facts = f" {progress.done:,}/{progress.run.total:,}  {took(now - progress.began)}"
    if left is not None:
        facts += f", about {took(left) if left >= 60 else f'{left:.0f} s'} left"
    length = max(4, min(40, width - len(facts)))
    full = length * done // total
    failed = any(not verdict.good for verdict in progress.counts)
    bar = Text("━" * full, "red" if failed else "green").append("─" * (length - full), "dim")
    return bar.append(facts, "default")


def _spread(left: str, right: str, width: int) -> Text:
    """Both ends of a line of at most 78 columns; the left one gives way."""
    width = min(width, 78)
    text = Text(left)
    text.truncate(max(1, width - len(right) - 2), overflow="ellipsis", pad=True)
    return text.append("  " + right)


def _as_os_error(error: OSError | ValueError) -> OSError:
    """A ValueError is Python's word for a stream that was closed."""
    return error if isinstance(error, OSError) else OSError(str(error))
