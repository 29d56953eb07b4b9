"""One thread that rings when guest time on the host's clock reaches what it was set to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from emu.timeline import NEVER

_LONGEST: Final = threading.TIMEOUT_MAX / 2  # seconds of one wait
_AWAKE: Final = -1


class AlarmClock:
    """Calls `ring`, in a thread of its own, when `now()` reaches the deadline that was set last.

    A deadline that moves later costs no wake-up: the thread looks when the old one is over. The thread starts with
    the first deadline and ends with `close`; setting starts it anew.
    """

    def __init__(self, now: Callable[[], int], ring: Callable[[], None]) -> None:
        self._now, self._ring = now, ring
        self._changed = threading.Condition(threading.Lock())
        self._deadline = NEVER
        self._asleep_until = _AWAKE
        self._thread: threading.Thread | None = None

    def set(self, deadline: int) -> None:
        """Ring once at `deadline` (ns of guest time; NEVER: not at all) instead of at what was set before."""
        if deadline == self._deadline:
            return
        with self._changed:
            self._deadline = deadline
            if deadline < self._asleep_until:
                self._changed.notify()
        if self._thread is None and deadline < NEVER:
            self._thread = threading.Thread(target=self._wait, name="alarm clock", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ring no more."""
        thread, self._thread = self._thread, None
        with self._changed:
            self._deadline = NEVER
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _wait(self) -> None:
        while True:
            with self._changed:
                if self._thread is None:
                    return
                left = (self._deadline - self._now()) / 1e9 if self._deadline < NEVER else _LONGEST
                if left > 0:
                    self._asleep_until = self._deadline
                    self._changed.wait(min(left, _LONGEST))
                    self._asleep_until = _AWAKE
                    continue
                self._deadline = NEVER
            self._ring()
