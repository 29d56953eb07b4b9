"""The connection to a Dask cluster: cases and files out, replies in, and who is there.

Everything here runs in the event loop of Dask's client, in its own thread; what happens goes into one queue, `events`.
Cases are Dask tasks, each bound to one worker: Dask's own choice of workers, its retries and its copies of data are not
used, so that what is run again is known and marked. Files go beside the tasks, so that none waits behind a guest.
"""

from __future__ import annotations

import asyncio
import pickle
import queue
import uuid
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, Final

from axemu.suite.cluster import remote
from axemu.suite.cluster.ledger import Flight, Member
from axemu.suite.cluster.shipping import Missing, Packer, Parcel, Reply, Unreadable, pieces
from axemu.suite.orders import Orders

POLL: Final = 0.5  # seconds between two looks at who is there
ANSWER: Final = 15.0  # seconds for the scheduler to answer such a look
MEET: Final = 5.0  # seconds for new workers to say who they are
TRIES: Final = (
    3  # of a flight whose worker is there and whose files vanish, or whose messages do not come through
)


@dataclass(frozen=True, slots=True)
class Landed:
    """A flight's reply."""

    flight: Flight
    reply: Reply


@dataclass(frozen=True, slots=True)
class Broken:
    """A flight that came to nothing. The worker may be gone; `There` tells."""

    flight: Flight
    error: BaseException


@dataclass(frozen=True, slots=True)
class There:
    """The workers that are there and fit."""

    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Down:
    """The scheduler is gone."""

    reason: str


Event = Landed | Broken | There | Down


class Link:
    """`client` is a connected distributed.Client, and this its only user."""

    def __init__(self, client: Any, address: str) -> None:  # noqa: ANN401 - distributed has no types
        self.address = address
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._client = client
        self._loop: asyncio.AbstractEventLoop = client.loop.asyncio_loop
        self._name = uuid.uuid4().hex[:12]
        self._count = 0
        self._packer = Packer(Orders())
        self._flying: dict[Flight, Future[None]] = {}
        self._watch: Future[None] | None = None
        self._known: dict[str, Member | None] = {}  # by address; None for those that do not fit
        self._present: defaultdict[str, set[str]] = defaultdict(set)  # machine -> hashes
        self._sending: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    def open(self, orders: Orders) -> None:
        """Begin to tell who is there."""
        self._packer = Packer(orders)
        self._watch = self._spawn(self._look())

    def launch(self, flight: Flight) -> None:
        """Send the case; its end is an event."""
        self._flying[flight] = self._spawn(self._fly(flight))

    def abandon(self, flight: Flight) -> None:
        """Have nothing more of it: the task is cancelled, and its guest ended where it runs."""
        handle = self._flying.pop(flight, None)
        if handle is not None:
            handle.cancel()

    def close(self) -> None:
        """Cancel what is outstanding, and go. Bounded in time, also where the scheduler is gone."""
        if self._watch is not None:
            self._watch.cancel()
        for flight in list(self._flying):
            self.abandon(flight)
        with suppress(Exception):
            self._client.close(timeout=2)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _fly(self, flight: Flight) -> None:
        broken: BaseException = RuntimeError(f"files that were sent to {flight.member.machine} vanish there")
        for _ in range(TRIES):
            try:
                parcel = await asyncio.to_thread(self._packer.parcel, flight.case)
                await self._ship(parcel, flight.member)
                reply = await self._task(parcel, flight.member.address)
            except BaseException as error:
                if flight not in self._flying:  # abandoned: this is its cancellation
                    raise
                broken = error
                if isinstance(error, Unreadable):
                    break
                await asyncio.sleep(2 * POLL)  # if the worker has gone, the flight is abandoned in this time
                continue
            if not isinstance(reply.outcome, Missing):
                self.events.put(Landed(flight, reply))
                return
            self._present[flight.member.machine].difference_update(reply.outcome.hashes)
        self.events.put(Broken(flight, broken))

    async def _task(self, parcel: Parcel, address: str) -> Reply:
        self._count += 1
        key = f"axemu-case-{self._name}-{self._count}"
        future = self._client.submit(
            remote.run_case, pickle.dumps(parcel), key=key, workers=[address], pure=False
        )
        try:
            reply: Reply = pickle.loads(await self._client.gather(future))
            return reply
        finally:
            future.release()

    async def _ship(self, parcel: Parcel, member: Member) -> None:
        """Have every file of the parcel on the worker's machine; each is sent once, by whoever comes first."""
        present = self._present[member.machine]
        unknown = [each for each in parcel.hashes if each not in present]
        if not unknown:
            return
        blobs = {blob.hash: blob for blob in parcel.blobs.values()}
        async with AsyncExitStack() as held:
            for hash in sorted(unknown):  # sorted: two that wait for each other's files would wait for ever
                await held.enter_async_context(self._sending[member.machine, hash])
            unknown = [each for each in unknown if each not in present]
            if unknown:
                for hash in await self._ask(member, remote.absent, tuple(unknown)):
                    for offset, piece in pieces(blobs[hash]):
                        refused = await self._ask(
                            member, remote.keep, hash, self._name, offset, piece, blobs[hash].size
                        )
                        if refused:
                            raise RuntimeError(f"{blobs[hash].path} could not be stored there: {refused}")
                present.update(unknown)

    async def _ask(self, member: Member, function: Any, *arguments: object) -> Any:  # noqa: ANN401 - whatever it returns
        answers = await self._client.run(function, *arguments, workers=[member.address])
        return answers[member.address]

    async def _look(self) -> None:
        told: tuple[Member, ...] | None = None
        while True:
            try:
                threads = await asyncio.wait_for(self._client.nthreads(), ANSWER)
                for address in [each for each in self._known if each not in threads]:
                    del self._known[address]
                await self._meet({each: count for each, count in threads.items() if each not in self._known})
            except Exception as error:
                self.events.put(Down(f"the Dask scheduler at {self.address} was lost: {error}".rstrip(": ")))
                return
            there = tuple(each for each in self._known.values() if each is not None)
            if there != told:
                told = there
                self.events.put(There(there))
            await asyncio.sleep(POLL)

    async def _meet(self, threads: dict[str, int]) -> None:
        if not threads:
            return
        try:
            asked = self._client.run(remote.describe, workers=list(threads), on_error="return")
            answers = await asyncio.wait_for(asked, MEET)
        except TimeoutError:
            return  # they are asked again
        for address, count in threads.items():
            answer = answers.get(address)
            if isinstance(answer, dict):
                fits = all(answer.get(key) == value for key, value in remote.versions().items())
                member = Member(address, count, answer["process"], answer["machine"])
                self._known[address] = member if fits else None
            elif not isinstance(answer, OSError):
                self._known[address] = (
                    None  # it has no axemu; one that has just gone is asked again, or is not there
                )


def unfit(answers: dict[str, Any]) -> Sequence[str]:
    """Sentences about workers that differ from here, by what `describe` gave."""
    here = remote.versions()
    texts = []
    for address, answer in sorted(answers.items()):
        if not isinstance(answer, dict):
            texts.append(f"at {address}: {answer or type(answer).__name__}")
            continue
        differing = [f"{key} {answer.get(key)}" for key, value in here.items() if answer.get(key) != value]
        if differing:
            texts.append(f"{', '.join(differing)} at {address}")
    return texts
