"""Who is told how a run goes on: a live display, plain lines, report files that grow as cases end."""

from __future__ import annotations

from typing import Protocol

from axemu.suite.result import Ended, Result, Run


class Watcher(Protocol):
    """All calls come from one thread, in this order: begin, any number of started and finished, end.

    `end` is called on every way out. A watcher that cannot do its work (a full disk) raises CommandError from `end`
    only: what happened before is kept in the meantime.
    """

    def begin(self, run: Run) -> None: ...

    def started(self, worker: str, case: str) -> None: ...

    def finished(self, result: Result) -> None: ...

    def end(self, ended: Ended) -> None: ...
