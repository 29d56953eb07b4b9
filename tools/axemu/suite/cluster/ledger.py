"""The books of a run on several machines: where each case is, and that it is reported once. No I/O.

Theory: a case is in the queue, in one flight, or reported. A flight ends by a reply, or with its worker; what comes of a
flight that has ended already is nobody's. A case that its worker took along when it was lost goes out once more, marked;
a second loss is its result. With a worker are more cases than it runs at a time, so that it need not wait for the next
one; those that wait may have begun (a reply is on its way), so they are marked too, but a second loss is not held
against them.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from axemu.suite.case import Case
from axemu.suite.orders import Executed, described
from axemu.suite.result import Result, Verdict
from axemu.suite.runner import next_for


@dataclass(eq=False, slots=True)
class Flight:
    """A case on its way. process: of the worker when it left. slot: which of the worker's threads it is thought to be
    in, None before that."""

    case: Case
    member: Member
    process: str
    slot: int | None = None


@dataclass(eq=False, slots=True)
class Member:
    """A Dask worker. process and machine as it says (`remote.describe`)."""

    address: str
    threads: int
    process: str
    machine: str
    prefix: str = ""
    flights: list[Flight] = field(default_factory=list)


class Ledger:
    def __init__(self, cases: Sequence[Case], seed: int, retries: int = 0) -> None:
        self._queue = deque(cases)
        self._seed, self._retries = seed, retries
        self.members: dict[str, Member] = {}
        self.open = len(self._queue)  # cases that were not reported
        self._lost: dict[str, tuple[str, ...]] = {}  # case -> addresses of workers
        self._retried: Counter[str] = Counter()

    def join(self, member: Member) -> None:
        self.members[member.address] = member

    def launched(self) -> Iterator[Flight]:
        """Flights that begin now: each worker has one case a thread, and as many that wait there."""
        for deep in (1, 2):
            for member in self.members.values():
                while self._queue and len(member.flights) < deep * member.threads:
                    case = next_for(member.prefix, self._queue)
                    member.prefix = member.prefix if case.prefix is None else case.prefix.name
                    flight = Flight(case, member, member.process)
                    member.flights.append(flight)
                    yield flight

    def stolen(self) -> Iterator[Flight]:
        """At the end of the queue: flights that wait behind others, while there is a thread that has nothing. They have
        ended; their cases are in the queue again."""
        if self._queue:
            return
        free = sum(max(each.threads - len(each.flights), 0) for each in self.members.values())
        for member in self.members.values():
            while free and len(member.flights) > member.threads:
                flight = member.flights.pop()
                self._queue.append(flight.case)
                free -= 1
                yield flight

    def begun(self) -> Iterator[tuple[str, Case]]:
        """(worker, case) for what has come to a thread since the last call, as far as can be told from here."""
        for member in self.members.values():
            running = member.flights[: member.threads]
            taken = {flight.slot for flight in running}
            for flight in running:
                if flight.slot is None:
                    flight.slot = next(each for each in range(member.threads) if each not in taken)
                    taken.add(flight.slot)
                    yield name(member, flight.slot), flight.case

    def flying(self, flight: Flight) -> bool:
        return flight in flight.member.flights

    def ended(self, flight: Flight, executed: Executed, process: str) -> Executed | None:
        """What is to be reported of a reply: nothing of one that comes too late, or where the case is run again."""
        if not self.flying(flight):
            return None
        member, case = flight.member, flight.case
        member.flights.remove(flight)
        if process != flight.process:  # Dask gave it to another process that came to the same address
            self._lost[case.name] = (*self._lost.get(case.name, ()), member.address)
            member.process = process
        if not executed.result.verdict.good and self._retried[case.name] < self._retries:
            self._retried[case.name] += 1
            self._queue.append(case)
            return None
        return self._reported(case, executed, name(member, flight.slot or 0))

    def failed(self, flight: Flight, reason: str) -> Executed | None:
        """`ended` for a flight without a reply."""
        return self.ended(flight, self._error(flight.case, reason), flight.process)

    def _error(self, case: Case, reason: str) -> Executed:
        return Executed(
            described(
                case, Result(case.name, Verdict.ERROR, reason, (reason,), begun=time.time()), self._seed
            )
        )

    def lost(self, member: Member) -> list[Executed]:
        """The worker is gone: its cases go out again, before all others. What is to be reported instead."""
        self.members.pop(member.address, None)
        flights, member.flights = member.flights, []
        reports = []
        for position, flight in reversed(list(enumerate(flights))):
            case = flight.case
            before = self._lost.get(case.name, ())
            if before and position < member.threads:
                text = (
                    f"its worker {member.address} was lost, and {before[0]} before that under the same case"
                )
                reports.append(self._reported(case, self._error(case, text), member.address))
                continue
            self._lost[case.name] = before or (member.address,)
            self._queue.appendleft(case)
        return reports

    def abandoned(self, reason: str) -> Iterator[Executed]:
        """Every case that is left, as an error: there is nowhere to run it."""
        cases = [flight.case for member in self.members.values() for flight in member.flights]
        cases += self._queue
        self.members.clear()
        self._queue.clear()
        for case in cases:
            yield self._reported(case, self._error(case, reason), "")

    def _reported(self, case: Case, executed: Executed, worker: str) -> Executed:
        self.open -= 1
        lost, result = self._lost.get(case.name, ()), executed.result
        details = result.details
        if lost:
            details = (*details, f"run again: its first worker, {lost[0]}, was lost")
        attempt = 1 + len(lost) + self._retried[case.name]
        return replace(
            executed, result=replace(result, details=details, attempt=attempt, worker=worker or result.worker)
        )


def name(member: Member, slot: int) -> str:
    """Of a thread of a worker, for people."""
    return member.address if member.threads == 1 else f"{member.address}#{slot}"
