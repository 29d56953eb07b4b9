"""A `runner.Engine` whose workers are those of a Dask cluster."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, assert_never

from axemu.suite import bundle
from axemu.suite.cluster.connection import brief, linked
from axemu.suite.cluster.ledger import Flight, Ledger
from axemu.suite.cluster.link import Broken, Down, Event, Landed, Link, There
from axemu.suite.cluster.shipping import Missing, Unreadable
from axemu.suite.orders import Executed
from axemu.suite.runner import Plan
from axemu.suite.watcher import Watcher

ALONE: Final = 60.0  # seconds that a run waits for a worker when all are lost
LOOK: Final = 1.0  # seconds between two looks at the clock


class DaskEngine:
    """`link` is connected; a run closes it. Files of failures are written here, where the guests' files are."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def results(self, plan: Plan, watcher: Watcher) -> Iterator[Executed]:
        link, folder = self._link, plan.orders.bundles
        ledger = Ledger(plan.cases, plan.orders.terms.seed, plan.retries)
        link.open(replace(plan.orders, bundles=None))
        cases = {case.name: case for case in plan.cases}
        seen = time.monotonic()
        try:
            while ledger.open:
                for flight in ledger.stolen():
                    link.abandon(flight)
                for flight in ledger.launched():
                    link.launch(flight)
                for worker, case in ledger.begun():
                    watcher.started(worker, case.name)
                try:
                    event = link.events.get(timeout=LOOK)
                except queue.Empty:
                    event = None
                seen = time.monotonic() if ledger.members else seen
                if event is not None:
                    ended = self._told(event, ledger)
                elif time.monotonic() - seen > ALONE:
                    reason = f"every Dask worker at {link.address} was lost, and none came for {ALONE:.0f} s"
                    ended = list(ledger.abandoned(reason))
                else:
                    continue
                for executed in ended:
                    result = executed.result
                    if folder is not None and not result.verdict.good:
                        result = bundle.kept(cases[result.case], result, folder)
                    yield replace(executed, result=result)
        finally:
            link.close()

    def _told(self, event: Event, ledger: Ledger) -> list[Executed]:
        """What an event ends."""
        match event:
            case Landed(flight, reply):
                assert not isinstance(reply.outcome, Missing)
                self._link.abandon(flight)
                done = ledger.ended(flight, reply.outcome, reply.process)
                return [] if done is None else [done]
            case Broken(flight, error):
                return self._broken(flight, error, ledger)
            case There(members):
                there = {each.address: each.process for each in members}
                gone = [each for each in ledger.members.values() if there.get(each.address) != each.process]
                ended = []
                for member in gone:
                    for flight in member.flights:
                        self._link.abandon(flight)
                    ended += ledger.lost(member)
                for member in members:
                    if member.address not in ledger.members:
                        ledger.join(member)
                return ended
            case Down(reason):
                return list(ledger.abandoned(reason))
        assert_never(event)

    def _broken(self, flight: Flight, error: BaseException, ledger: Ledger) -> list[Executed]:
        """A flight without a reply: its file could not be read here, or the worker is there and cannot serve it."""
        self._link.abandon(flight)
        text = str(error)
        if not isinstance(error, Unreadable):
            text = f"no result came from {flight.member.address}: {type(error).__name__}: {brief(error)}"
        done = ledger.failed(flight, text)
        return [] if done is None else [done]


def connected(address: str) -> DaskEngine:
    """Raises UsageError; nothing has run then."""
    return DaskEngine(linked(address))
