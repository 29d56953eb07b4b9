"""Where pytest's cases run: in its own process, or in a worker process of their own; and their build commands."""

from __future__ import annotations

import hashlib
import tempfile
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final, Protocol

import pytest

from axemu.suite.case import Case
from axemu.suite.execution import execute
from axemu.suite.fixtures import build
from axemu.suite.machines import Machines
from axemu.suite.orders import TIMEOUT, Orders, Terms, described
from axemu.suite.result import Result, Verdict
from axemu.suite.worker import Worker

LOOK: Final = 1.0  # seconds between two looks whether the worker hangs


class Place(Protocol):
    """Where cases run, one after the other."""

    def run(self, case: Case) -> Result: ...

    def close(self) -> None: ...


class Here:
    """This process: the engine and machines stay warm from case to case."""

    def __init__(self, orders: Orders) -> None:
        self._orders, self._machines = orders, Machines()

    def run(self, case: Case) -> Result:
        return execute(case, self._orders, self._machines).result

    def close(self) -> None:
        self._machines.close()


class Isolated:
    """A worker process, replaced when a guest brings it down or it hangs."""

    def __init__(self, orders: Orders) -> None:
        self._worker = Worker(0, orders)

    def run(self, case: Case) -> Result:
        worker = self._worker
        worker.give(case)
        try:
            while True:
                executed = worker.hear() if wait([worker.connection], LOOK) else worker.overdue()
                if executed is not None:
                    return executed.result
        except BaseException:  # Ctrl-C, a test's own timeout: the worker is amid a case
            worker.end()
            raise

    def close(self) -> None:
        self._worker.end(patience=2.0)


PLACE: Final = pytest.StashKey[Place]()
BUILT: Final = pytest.StashKey[dict[tuple[Path, tuple[str, ...]], str]]()


def run_case(case: Case, config: pytest.Config) -> Result:
    """Build the case's program where it says how, run it, judge it."""
    why = _built(case, config)
    if why:
        result = Result(case.name, Verdict.ERROR, why, (why,))
        return described(case, result, config.getoption("axemu_seed"))
    return _place(config).run(case)


def _place(config: pytest.Config) -> Place:
    """This process's place, made with the first case."""
    if PLACE not in config.stash:
        option = config.getoption
        terms = Terms(timeout=option("axemu_timeout") or TIMEOUT, seed=option("axemu_seed"))
        orders = Orders(terms, verify=option("axemu_verify_determinism"))
        place: Place = Isolated(orders) if option("axemu_isolated") else Here(orders)
        config.stash[PLACE] = place
        config.add_cleanup(place.close)
    return config.stash[PLACE]


def _built(case: Case, config: pytest.Config) -> str:
    """Run the case's build command, once in a pytest run; why it failed, "" where it did not."""
    command = case.guest.build.command
    if not command:
        return ""
    known = config.stash.setdefault(BUILT, {})
    key = (case.guest.folder, command)
    if key not in known:
        run = getattr(config, "workerinput", {}).get("testrunuid", "")
        known[key] = _built_once(case, run) if run else build([case]).get(case.name, "")
    return known[key]


def _built_once(case: Case, run: str) -> str:
    """The same among the processes of pytest-xdist: the first builds, the others wait for it."""
    import fcntl  # noqa: PLC0415 - not on every host, and not without pytest-xdist

    said = repr((str(case.guest.folder), case.guest.build.command))
    folder = Path(tempfile.gettempdir()) / f"axemu-build-{run}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / hashlib.sha256(said.encode()).hexdigest()[:32]).open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before = file.read()
        if before:
            return before.removeprefix("done").removeprefix(": ")
        why = build([case]).get(case.name, "")
        file.write(f"done: {why}" if why else "done")
        file.flush()
        return why
