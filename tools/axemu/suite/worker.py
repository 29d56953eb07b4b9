"""A worker process: warm (engine and native code loaded once), one guest at a time, replaceable.

What passes through the pipe: to the worker a `Case`, or None to end; from it "running" when the guest begins, then
(Executed, bytes of memory that the process holds).
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from axemu.suite.case import Case
from axemu.suite.forkserver import context
from axemu.suite.orders import Executed, Orders, described
from axemu.suite.result import Result, Verdict, Where

START: Final = 400.0  # seconds that a worker may take before the guest begins: imports, the first compilation
GRACE: Final = 15.0  # seconds beyond a case's limit before a worker counts as hung
MEMORY: Final = 600 << 20  # bytes; a worker that holds more is replaced after its case
GARBAGE: Final = (
    100_000  # objects between two collections; with the default, 700, they are a tenth of a short case
)
SHARED: Final = 256 << 10  # bytes for `blackbox`, which the runner need not load to know its size
_PDEATHSIG: Final = 1


def serve(connection: Connection, shared: Any, orders: Orders, notes: str, path: list[str]) -> None:  # noqa: ANN401
    """The child's loop."""
    sys.path[:] = path
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's
    with open(notes, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    faulthandler.enable()
    _die_with_parent()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    from axemu.suite.coverage.measurement import Measurement  # noqa: PLC0415
    from axemu.suite.execution import execute  # noqa: PLC0415
    from axemu.suite.machines import Machines  # noqa: PLC0415
    from emu import blackbox  # noqa: PLC0415
    from emu.machine import Machine  # noqa: PLC0415

    memory = memoryview(shared).cast("B")
    assert len(memory) >= blackbox.SIZE
    blackbox.keep_in(memory)

    def made(machine: Machine) -> None:
        blackbox.look_at(memory, machine)
        connection.send("running")

    count = partial(Machine.count_blocks, branches=orders.branches) if orders.coverage else None
    machines = Machines(count)
    measurement = Measurement(branches=orders.branches) if orders.coverage else None
    while True:
        try:
            case = connection.recv()
        except (EOFError, OSError):
            return
        if case is None:
            return
        try:
            done = execute(case, orders, machines, made, measurement)
        except Exception as error:
            text = f"a fault of axemu, not of the guest: {type(error).__name__}: {error}"
            faulthandler.dump_traceback()
            done = Executed(
                described(case, Result(case.name, Verdict.ERROR, text, (text,)), orders.terms.seed)
            )
        blackbox.look_at(memory, None)
        connection.send((done, resident()))


def resident() -> int:
    """Bytes of memory that this process holds, without what guests' RAM shares with nobody else."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _die_with_parent() -> None:
    """A runner that is killed leaves no worker behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


@dataclass(slots=True)
class _Task:
    case: Case
    since: float
    running: bool = False


class Worker:
    """The runner's end of one worker process; started when it first has work, and again after it was lost."""

    def __init__(self, number: int, orders: Orders) -> None:
        self.name, self._orders = str(number), orders
        self.prefix: str = ""
        self._context = context()
        self._process: Any = None
        self.connection: Any = None
        self._shared: Any = None
        self._notes = ""
        self._task: _Task | None = None

    @property
    def busy(self) -> Case | None:
        return None if self._task is None else self._task.case

    def give(self, case: Case) -> None:
        """Begin the case."""
        if self._process is None:
            self._start()
        self._task = _Task(case, time.monotonic())
        self.prefix = case.prefix.name if case.prefix is not None else self.prefix
        with suppress(OSError):  # it has just died; `hear` finds out
            self.connection.send(case)

    def _start(self) -> None:
        descriptor, self._notes = tempfile.mkstemp(prefix="axemu-worker-")
        os.close(descriptor)
        self._shared = self._context.RawArray("B", SHARED)
        self.connection, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=serve, args=(theirs, self._shared, self._orders, self._notes, list(sys.path)), daemon=True
        )
        self._process.start()
        theirs.close()
        self.prefix = ""

    def hear(self) -> Executed | None:
        """What the worker has to say: the end of its case, or None while it goes on. A dead worker: an error."""
        assert self._task is not None
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            return self._lost()
        if message == "running":
            self._task.running, self._task.since = True, time.monotonic()
            return None
        done, memory = message
        self._task = None
        if memory > MEMORY:
            self.end()
        return done  # type: ignore[no-any-return]

    def overdue(self) -> Executed | None:
        """The end of a case whose worker has not answered for too long: it is killed."""
        task = self._task
        if task is None:
            return None
        limit = START
        if task.running:
            limit = (task.case.guest.timeout or self._orders.terms.timeout) + GRACE
            limit += 600.0 if task.case.prefix is not None else 0.0
            limit *= 16 if self._orders.verify else 1
        if time.monotonic() - task.since <= limit:
            return None
        return self._failed(f"the worker hung: nothing came from it for {limit:.0f} s")

    def _lost(self) -> Executed:
        self._process.join(5)
        code = self._process.exitcode
        how = (
            f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with code {code}"
        )
        return self._failed(f"the worker process {how} under this guest")

    def _failed(self, reason: str) -> Executed:
        """The result of a case whose worker is of no more use, with what is known of the guest's last state."""
        from emu import blackbox  # noqa: PLC0415

        assert self._task is not None
        case, seconds = self._task.case, time.monotonic() - self._task.since
        seen = blackbox.last_seen(memoryview(self._shared).cast("B"))
        last = self._last_words()
        self.end()
        details = [reason]
        where = None
        if seen:
            first = seen[0]
            symbol = symbol_in(case, first.pc)
            where = Where(first.pc, symbol, "", first.vcpu, {}, (first.exit,) if first.exit else ())
            at = f"{first.pc:#x}" + (f" ({symbol})" if symbol else "")
            details.append(
                f"the guest was last seen in the block at pc {at}, after {first.retired:,} instructions"
            )
        if last:
            details.append(f"the worker's last words: {last}")
        result = Result(
            case.name,
            Verdict.ERROR,
            reason,
            tuple(details),
            where=where,
            seconds=seconds,
            instructions=seen[0].retired if seen else 0,
            begun=time.time() - seconds,
        )
        return Executed(described(case, result, self._orders.terms.seed))

    def _last_words(self) -> str:
        try:
            lines = Path(self._notes).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return ""
        return " | ".join(lines[-6:])[-600:]

    def end(self, *, patience: float = 0.0) -> None:
        """Have no process any more: at once, or after `patience` seconds for it to end by itself."""
        process, self._process, self._task = self._process, None, None
        if process is None:
            return
        if patience:
            with contextlib.suppress(OSError):
                self.connection.send(None)
            process.join(patience)
        if process.is_alive():
            process.kill()
            process.join()
        self.connection.close()
        process.close()
        Path(self._notes).unlink(missing_ok=True)


def symbol_in(case: Case, pc: int) -> str:
    """The name of `pc` in the case's program, "" where it has none."""
    from emu.errors import EmuError  # noqa: PLC0415
    from emu.loaders import open_image  # noqa: PLC0415

    try:
        return open_image(case.guest.elf).symbols.name(pc) or ""
    except (EmuError, OSError):
        return ""
