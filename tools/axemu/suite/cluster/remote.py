"""What runs inside a Dask worker. A guest never does: it is in a child process of ours, which is replaced when it dies.

Dask calls these functions by name, so client and worker must have the same axemu (`describe` tells).
"""

from __future__ import annotations

import atexit
import importlib.metadata
import multiprocessing
import pickle
import platform
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import wait
from typing import Final

from axemu import version
from axemu.suite.case import Case
from axemu.suite.cluster.shipping import Missing, Parcel, Reply, readdressed, unpacked
from axemu.suite.cluster.store import Store
from axemu.suite.orders import Executed, Orders
from axemu.suite.worker import Worker

PROCESS: Final = uuid.uuid4().hex
"""This process. An address may come back after its worker died, this does not."""
LOOK: Final = 0.5  # seconds between two looks for children that hang and clients that have gone
IDLE: Final = 60.0  # seconds after which a child without work ends
STORE: Final = Store()


def versions() -> dict[str, str]:
    """What must be the same on both sides."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"axemu": version(), "Python": python, "unicorn": importlib.metadata.version("unicorn")}


def describe() -> dict[str, str]:
    """Versions, and who this is. machine: the same for all workers that share a store."""
    return {**versions(), "process": PROCESS, "machine": f"{socket.gethostname()}:{STORE.folder}"}


def absent(hashes: tuple[str, ...]) -> tuple[str, ...]:
    return STORE.absent(hashes)


async def keep(hash: str, sender: str, offset: int, piece: bytes, size: int) -> str:
    """ "" or what went wrong: not every exception gets through Dask in one piece."""
    import asyncio  # noqa: PLC0415

    try:
        await asyncio.to_thread(STORE.keep, hash, sender, offset, piece, size)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def run_case(packed: bytes) -> bytes:
    """A pickled Parcel to a pickled Reply."""
    parcel: Parcel = pickle.loads(packed)
    lacking = STORE.absent(parcel.hashes)
    if lacking:
        return pickle.dumps(Reply(PROCESS, Missing(lacking)))
    case, texts = unpacked(parcel, STORE.path)
    executed = CHILDREN.run(case, parcel.orders, _wanted())
    return pickle.dumps(
        Reply(PROCESS, replace(executed, result=readdressed(executed.result, texts))),
        pickle.HIGHEST_PROTOCOL,
    )


def _wanted() -> Callable[[], bool]:
    """Whether somebody still waits for the task that calls: its client may have cancelled it, or be gone."""
    from distributed import get_worker  # noqa: PLC0415

    try:
        worker = get_worker()
        key = worker.get_current_task()
    except (ValueError, AttributeError, KeyError):
        return lambda: True  # not in a task

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state not in ("cancelled", "released", "forgotten")

    return wanted


class Children:
    """Warm children: as many as there were cases at a time, and none that has been idle for IDLE seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Orders, Worker]] = []
        self._busy: set[Worker] = set()
        # One thread starts all: whoever starts a process looks after multiprocessing's other ones too.
        self._starter = ThreadPoolExecutor(1, "axemu-children")
        self._sweeper: threading.Timer | None = None

    def run(self, case: Case, orders: Orders, wanted: Callable[[], bool]) -> Executed:
        """The case's end. Where it is not wanted any more, the child is killed and its end is an error."""
        worker = self._taken(case, orders)
        try:
            self._starter.submit(_begin, worker, case).result()
            while True:
                executed = worker.hear() if wait([worker.connection], LOOK) else worker.overdue()
                if executed is not None:
                    return executed
                if not wanted():
                    worker.end()
                    raise RuntimeError("cancelled")
        except BaseException:
            worker.end()
            raise
        finally:
            with self._lock:
                self._busy.discard(worker)
                self._idle.append((time.monotonic(), orders, worker))
                self._sweep_later()

    def _taken(self, case: Case, orders: Orders) -> Worker:
        """A child that is free, best one that stands at the case's prefix; else a new one."""
        prefix = "" if case.prefix is None else case.prefix.name
        with self._lock:
            fitting = [each for each in self._idle if each[1] == orders]
            best = next((each for each in fitting if each[2].prefix == prefix), None)
            best = best or (fitting[-1] if fitting else None)
            if best is not None:
                self._idle.remove(best)
            worker = Worker(0, orders) if best is None else best[2]
            self._busy.add(worker)
            return worker

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Timer(IDLE, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        with self._lock:
            self._sweeper = None
            old = [each for each in self._idle if each[0] <= time.monotonic() - IDLE]
            self._idle = [each for each in self._idle if each not in old]
            if self._idle:
                self._sweep_later()
        for _, _, worker in old:
            with suppress(Exception):
                worker.end(patience=2.0)

    def close(self) -> None:
        """Kill every child."""
        with self._lock:
            everyone = [*self._busy, *(each[2] for each in self._idle)]
            self._idle.clear()
        for worker in everyone:
            with suppress(Exception):
                worker.end()


def _begin(worker: Worker, case: Case) -> None:
    # A nanny starts its worker as a daemon, and multiprocessing lets no daemon have children: they might outlive it.
    # Ours do not: they die with their parent, and `close` ends them.
    multiprocessing.process.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    worker.give(case)


CHILDREN: Final = Children()
atexit.register(CHILDREN.close)
