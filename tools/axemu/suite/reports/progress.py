"""How far a run is: what a display of it needs to know."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.text import Text

from axemu.suite.reports.verdicts import COLOURS, ORDER
from axemu.suite.result import Result, Run, Verdict


@dataclass(slots=True)
class Progress:
    """running: worker -> case and the moment (of the clock that `began` is of) when it began."""

    run: Run
    began: float
    done: int = 0
    counts: dict[Verdict, int] = field(default_factory=dict)
    running: dict[str, tuple[str, float]] = field(default_factory=dict)
    slowest: Result | None = None

    def started(self, worker: str, case: str, now: float) -> None:
        self.running[worker] = (case, now)

    def finished(self, result: Result) -> None:
        for worker, (case, _) in list(self.running.items()):
            if case == result.case:  # it may be two: a worker that was lost, and the next
                del self.running[worker]
        self.done += 1
        self.counts[result.verdict] = self.counts.get(result.verdict, 0) + 1
        if self.slowest is None or result.seconds > self.slowest.seconds:
            self.slowest = result

    def remaining(self, now: float) -> float | None:
        """Seconds, if the rest takes as long as what was; None while nothing can be said."""
        if self.done < 1 or self.done >= self.run.total:
            return None
        return (now - self.began) / self.done * (self.run.total - self.done)


def tally(counts: dict[Verdict, int]) -> Text:
    """ "3 fail  1 timeout  505 pass" """
    pieces = [Text(f"{counts[each]:,} {each.value}", COLOURS[each]) for each in ORDER if counts.get(each)]
    return Text("  ").join(pieces) if pieces else Text("nothing ended yet", "dim")


class Ticker:
    """Calls `tick` every `period` seconds in a thread of its own until `stop`."""

    def __init__(self, period: float, tick: Callable[[], None]) -> None:
        self._period, self._tick = period, tick
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="suite progress", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns after the last tick has ended. Call it without a lock that a tick takes."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._period):
            self._tick()
