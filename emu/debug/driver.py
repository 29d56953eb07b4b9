"""A debugger on a thread of its own, for faces that have to go on listening while the guest runs.

Everything that touches the machine happens on that thread. A call that comes while the guest runs is made at an exact
boundary: the run is interrupted for it, and goes on as if nothing had been. The guest does not notice.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Self, TypeVar

from emu.debug.debugger import Debugger
from emu.debug.stop import Stop

T = TypeVar("T")
_Call = tuple[Callable[[Debugger], Any], "Future[Any]"]


class Driver:
    """Runs what it is given with the debugger that `make` makes, both on its own thread.

    `stopped` is called there with each Stop that a run ends with. A context manager; closing it interrupts the guest,
    and `dispose` is called at the end, on that thread.
    """

    def __init__(
        self,
        make: Callable[[], Debugger],
        stopped: Callable[[Stop], None] = lambda stop: None,
        dispose: Callable[[], None] = lambda: None,
    ) -> None:
        self._make, self._stopped, self._dispose = make, stopped, dispose
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._urgent: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._debugger: Debugger | None = None
        self._failure: BaseException | None = None
        self._running = threading.Event()
        self._lock: Final = threading.Lock()
        self._ready: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._loop, name="axemu-debugger", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def running(self) -> bool:
        """Whether the guest runs now."""
        return self._running.is_set()

    def call(self, function: Callable[[Debugger], T]) -> T:
        """`function` of the debugger, soon; its result or exception. Not for what runs the guest."""
        return self.post(function).result()

    def post(self, function: Callable[[Debugger], T]) -> Future[T]:
        """As `call`, without waiting."""
        future: Future[T] = Future()
        with self._lock:
            if self._running.is_set():
                self._urgent.put((function, future))
                assert self._debugger is not None
                self._debugger.machine.stop()
            else:
                self._calls.put((function, future))
        return future

    def run(self, function: Callable[[Debugger], Stop]) -> Future[Stop]:
        """`function` runs the guest ("go", a step); the stop is also told to `stopped`. Raises RuntimeError while the
        guest runs."""
        future: Future[Stop] = Future()
        with self._lock:
            if self._running.is_set():
                raise RuntimeError("the guest runs already")
            self._running.set()
            self._calls.put((lambda debugger: self._run(debugger, function), future))
        return future

    def interrupt(self) -> None:
        """Stop the guest at the next exact boundary; nothing where it stands. From any thread."""
        with self._lock:
            if self._running.is_set():
                assert self._debugger is not None
                self._debugger.interrupt()

    def close(self) -> None:
        self.interrupt()
        self._calls.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    # -- on the thread ------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        try:
            self._debugger = self._make()
        except BaseException as failure:
            self._failure = failure
            return
        finally:
            self._ready.set()
        self._debugger.between = self._serve
        try:
            while (call := self._calls.get()) is not None:
                _do(call, self._debugger)
        finally:
            self._debugger.close()
            self._dispose()

    def _run(self, debugger: Debugger, function: Callable[[Debugger], Stop]) -> Stop:
        try:
            stop = function(debugger)
        finally:
            with self._lock:
                self._running.clear()
                debugger.forget_interrupt()  # it came while the guest stopped by itself
            self._serve()
        self._stopped(stop)
        return stop

    def _serve(self) -> None:
        """The calls that came while the guest ran."""
        assert self._debugger is not None
        while True:
            try:
                call = self._urgent.get_nowait()
            except queue.Empty:
                return
            _do(call, self._debugger)


def _do(call: _Call, debugger: Debugger) -> None:
    function, future = call
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function(debugger))
    except BaseException as failure:
        future.set_exception(failure)
