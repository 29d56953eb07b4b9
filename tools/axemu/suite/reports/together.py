"""Several watchers as one: each is told everything, whatever happens to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from axemu.errors import CommandError
from axemu.suite.result import Ended, Result, Run
from axemu.suite.watcher import Watcher


class Together:
    """A Watcher. `end` ends every one of them and then raises what they raised, as one CommandError.

    A watcher that broke before (a fault of ours) is told nothing more; its exception leaves from `end`, after the
    others were ended.
    """

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = list(watchers)
        self._faults: list[Exception] = []

    def begin(self, run: Run) -> None:
        self._tell(lambda watcher: watcher.begin(run))

    def started(self, worker: str, case: str) -> None:
        self._tell(lambda watcher: watcher.started(worker, case))

    def finished(self, result: Result) -> None:
        self._tell(lambda watcher: watcher.finished(result))

    def end(self, ended: Ended) -> None:
        self._tell(lambda watcher: watcher.end(ended))
        refusals = [fault for fault in self._faults if isinstance(fault, CommandError)]
        for fault in self._faults:
            if not isinstance(fault, CommandError):
                for refusal in refusals:
                    fault.add_note(str(refusal))
                raise fault
        if len(refusals) == 1:
            raise refusals[0]
        if refusals:
            raise CommandError("\n".join(map(str, refusals)))

    def _tell(self, what: Callable[[Watcher], None]) -> None:
        for watcher in list(self._watchers):
            try:
                what(watcher)
            except Exception as fault:  # noqa: BLE001, RUF100 - kept, and raised from `end`
                self._faults.append(fault)
                self._watchers.remove(watcher)
