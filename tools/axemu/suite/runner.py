"""The runner: cases out to workers, results in, watchers told. Nothing here knows what a guest is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, Protocol

from axemu.suite.case import Case
from axemu.suite.orders import Executed, Orders
from axemu.suite.reports.together import Together
from axemu.suite.result import Ended, Result, Run, Verdict
from axemu.suite.watcher import Watcher
from axemu.suite.worker import Worker

if TYPE_CHECKING:
    from axemu.suite.coverage.measurement import CaseCoverage

LOOK: Final = 1.0  # seconds between two looks for workers that hang


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes. jobs: worker processes. stop_after: bad results after which no case is begun, 0: never. retries:
    further runs of a case that failed."""

    run: Run
    cases: tuple[Case, ...]
    orders: Orders
    jobs: int = 1
    stop_after: int = 0
    retries: int = 0
    given: tuple[Result, ...] = field(default=())  # results that need no run: skipped cases, failed builds
    keep: Callable[[str, CaseCoverage], None] | None = None  # is told what each case has executed


class Engine(Protocol):
    """Where cases run: worker processes here, or other machines."""

    def results(self, plan: Plan, watcher: Watcher) -> Iterator[Executed]:
        """Every case's end, as it comes; on `close` it stops at once."""
        ...


def run(plan: Plan, engine: Engine, watchers: Sequence[Watcher]) -> Ended:
    """Run the plan to its end, or to Ctrl-C: then the results so far are what there is. Errors of watchers come last,
    when everything was reported."""
    begin = time.monotonic()
    everyone = Together(watchers)
    everyone.begin(plan.run)
    results: list[Result] = []
    prefixes: dict[str, str] = {}
    interrupted, bad = False, 0
    for result in plan.given:
        results.append(result)
        everyone.finished(result)
    stream = engine.results(plan, everyone)
    try:
        for executed in stream:
            result = same_prefix(executed, prefixes, plan)
            results.append(result)
            everyone.finished(result)
            if plan.keep is not None and executed.coverage is not None:
                plan.keep(result.case, executed.coverage)
            bad += not result.verdict.good
            if plan.stop_after and bad >= plan.stop_after:
                interrupted = len(results) < len(plan.cases) + len(plan.given)
                break
    except KeyboardInterrupt:
        interrupted = True
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    ended = Ended(plan.run, tuple(results), time.monotonic() - begin, interrupted)
    everyone.end(ended)
    return ended


def same_prefix(executed: Executed, prefixes: dict[str, str], plan: Plan) -> Result:
    """The result, unless its prefix came to another state than the same prefix did for an earlier case."""
    result = executed.result
    if not executed.prefix_hash:
        return result
    name = next(
        each.prefix.name for each in plan.cases if each.name == result.case and each.prefix is not None
    )
    key = f"{result.suite}:{name}"
    first = prefixes.setdefault(key, executed.prefix_hash)
    if first == executed.prefix_hash:
        return result
    text = (
        f"the prefix {name!r} came to another state than before: "
        f"hash {executed.prefix_hash[:16]}, expected {first[:16]}"
    )
    return replace(result, verdict=Verdict.NONDETERMINISTIC, reason=text, details=(text, *result.details))


class Pool:
    """An `Engine` of worker processes on this machine."""

    def results(self, plan: Plan, watcher: Watcher) -> Iterator[Executed]:
        queue = deque(plan.cases)
        attempts: dict[str, int] = {}
        workers = [Worker(number, plan.orders) for number in range(max(1, min(plan.jobs, len(queue))))]
        try:
            while queue or any(worker.busy for worker in workers):
                for worker in workers:
                    if worker.busy is None and queue:
                        case = next_for(worker.prefix, queue)
                        worker.give(case)
                        watcher.started(worker.name, case.name)
                for worker, executed in self._heard(workers):
                    result = executed.result
                    attempts[result.case] = attempts.get(result.case, 0) + 1
                    done = replace(
                        executed, result=replace(result, worker=worker.name, attempt=attempts[result.case])
                    )
                    if not result.verdict.good and attempts[result.case] <= plan.retries:
                        queue.append(next(each for each in plan.cases if each.name == result.case))
                        continue
                    yield done
        except GeneratorExit:
            for worker in workers:
                worker.end()
            raise
        finally:
            for worker in workers:
                with suppress(Exception):
                    worker.end(patience=2.0 if worker.busy is None else 0.0)

    def _heard(self, workers: Sequence[Worker]) -> Iterator[tuple[Worker, Executed]]:
        busy = {worker.connection: worker for worker in workers if worker.busy is not None}
        for connection in wait(list(busy), LOOK):
            executed = busy[connection].hear()
            if executed is not None:
                yield busy[connection], executed
        for worker in workers:
            executed = worker.overdue()
            if executed is not None:
                yield worker, executed


def next_for(prefix: str, queue: deque[Case]) -> Case:
    """The case that a worker takes next: one that goes on from where it stands already, else the first."""
    if prefix:
        for position, case in enumerate(queue):
            if case.prefix is not None and case.prefix.name == prefix:
                del queue[position]
                return case
    return queue.popleft()
