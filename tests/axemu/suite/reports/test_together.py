"""Several watchers as one."""

from __future__ import annotations

import pytest

from axemu.errors import CommandError
from axemu.suite.reports.together import Together
from axemu.suite.result import Ended, Result, Run


class Noted:
    def __init__(self, fault: Exception | None = None, when: str = "end") -> None:
        self.calls: list[str] = []
        self._fault, self._when = fault, when

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self._fault is not None and call == self._when:
            raise self._fault

    def begin(self, run: Run) -> None:
        self._note("begin")

    def started(self, worker: str, case: str) -> None:
        self._note("started")

    def finished(self, result: Result) -> None:
        self._note("finished")

    def end(self, ended: Ended) -> None:
        self._note("end")


def told(together: Together, ended: Ended) -> None:
    together.begin(ended.run)
    together.started("0", ended.results[0].case)
    together.finished(ended.results[0])
    together.end(ended)


def test_each_watcher_is_told_everything(every_verdict: Ended) -> None:
    watchers = [Noted(), Noted()]
    told(Together(watchers), every_verdict)
    assert [each.calls for each in watchers] == [["begin", "started", "finished", "end"]] * 2


def test_a_report_that_cannot_be_written_is_told_after_the_others_were_ended(every_verdict: Ended) -> None:
    last = Noted()
    with pytest.raises(CommandError, match=r"first\.xml"):
        told(Together([Noted(CommandError("first.xml is full")), last]), every_verdict)
    assert last.calls[-1] == "end"


def test_two_that_cannot_be_written_are_both_told(every_verdict: Ended) -> None:
    broken = [Noted(CommandError("a.xml is full")), Noted(CommandError("b.tap is full"))]
    with pytest.raises(CommandError, match=r"a\.xml is full\nb\.tap is full"):
        told(Together(broken), every_verdict)


def test_a_watcher_with_a_fault_of_its_own_loses_no_other_report(every_verdict: Ended) -> None:
    broken, whole = Noted(ValueError("ours"), "started"), Noted()
    with pytest.raises(ValueError, match="ours"):
        told(Together([broken, whole]), every_verdict)
    assert broken.calls == ["begin", "started"] and whole.calls[-1] == "end"
