"""Signals while native code holds the main thread.

Python runs its handlers between bytecodes of the main thread, and there are none while a guest runs. The
interpreter's C handler still writes the signal's number to the wake-up descriptor at once: a thread reads it
there and acts.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

from axemu.terminal import Terminal

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WATCHED = (*ENDING, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)


class SignalWatch:
    """For the body of a `with`: a signal that ends programs calls `stop` instead, a second one ends this
    process at once. Suspension gives the terminal back first. `received` is the first ending signal, None
    where none came. `resized` is called when the terminal has another size.

    Enter from the main thread (signal.signal); `stop` and `resized` are called in the watching thread.
    """

    def __init__(
        self, stop: Callable[[], None], terminal: Terminal | None, resized: Callable[[], None] = lambda: None
    ) -> None:
        self._stop, self._terminal, self._resized = stop, terminal, resized
        self.received: signal.Signals | None = None

    def __enter__(self) -> SignalWatch:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._handlers: dict[int, Any] = {number: signal.signal(number, _noted) for number in WATCHED}
        self._wakeup = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._writing)
        self._thread.join()
        os.close(self._reading)

    def _watch(self) -> None:
        while numbers := os.read(self._reading, 64):
            for number in numbers:
                self._act(signal.Signals(number))

    def _act(self, number: signal.Signals) -> None:
        if number is signal.SIGTSTP:
            if self._terminal is not None:
                self._terminal.leave()
            os.kill(os.getpid(), signal.SIGSTOP)
        elif number is signal.SIGCONT:
            if self._terminal is not None:
                self._terminal.resume()
            self._resized()
        elif number is signal.SIGWINCH:
            self._resized()
        elif number in ENDING and self.received is None:
            self.received = number
            self._stop()
        elif number in ENDING:
            self._leave_at_once(number)

    def _leave_at_once(self, number: signal.Signals) -> None:
        if self._terminal is not None:
            self._terminal.leave()
        with suppress(OSError):
            os.write(
                2, f"\naxemu: {number.name} a second time: ended without waiting for the guest.\n".encode()
            )
        os._exit(128 + number)


def _noted(number: int, frame: FrameType | None) -> None:
    """The thread acts; this handler only keeps the default action away."""


def die_of(number: signal.Signals) -> None:
    """End this process as that signal would have, so that a parent sees the true cause."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
