"""Tests in warm child processes: a crash of the engine costs one test and one new process, not the run."""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

from conformance.cases import Case, Result, Verdict

Runner = Callable[[Case], Result]
START = 120.0  # seconds that a worker may take beyond a test's own time: imports, first compilation
TIMEOUT = 60.0  # seconds for one test


def serve(connection: Connection, runner: Runner) -> None:
    """The child's loop: a case in, a result out, until None comes."""
    while (case := connection.recv()) is not None:
        try:
            result = runner(case)
        except Exception as error:
            result = Result(case, Verdict.ERROR, text=f"{type(error).__name__}: {error}")
        connection.send(result)


class Worker:
    """One child process; replaced when it dies or hangs."""

    def __init__(self, runner: Runner, timeout: float = TIMEOUT) -> None:
        self._runner, self._timeout = runner, timeout
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None
        self._connection: Any = None

    def run(self, case: Case) -> Result:
        """The case's result, whatever happens to the child."""
        patience = self._timeout
        if self._process is None:
            self._connection, theirs = self._context.Pipe()
            self._process = self._context.Process(target=serve, args=(theirs, self._runner), daemon=True)
            self._process.start()
            theirs.close()
            patience += START
        try:
            self._connection.send(case)
            if self._connection.poll(patience):
                result: Result = self._connection.recv()
                return result
            verdict, text = Verdict.TIMEOUT, f"no answer after {patience:.0f} s"
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join(5)
            verdict, text = Verdict.ERROR, f"the process died with status {self._process.exitcode}"
        self._discard()
        return Result(case, verdict, text=text)

    def _discard(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._process = None

    def close(self) -> None:
        if self._process is None:
            return
        try:
            self._connection.send(None)
            self._process.join(5)
        except OSError:
            pass
        self._discard()


def run_cases(cases: Sequence[Case], runner: Runner, jobs: int, timeout: float = TIMEOUT) -> Iterator[Result]:
    """Results as they come, from `jobs` workers at a time."""
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    done: queue.SimpleQueue[Result] = queue.SimpleQueue()

    def drive() -> None:
        worker = Worker(runner, timeout)
        try:
            while True:
                done.put(worker.run(waiting.get_nowait()))
        except queue.Empty:
            worker.close()

    threads = [threading.Thread(target=drive, daemon=True) for _ in range(min(jobs, len(cases)))]
    for thread in threads:
        thread.start()
    for _ in cases:
        yield done.get()
    for thread in threads:
        thread.join()
