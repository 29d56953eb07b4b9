"""Guest time and the alarms set in it.

Guest time is what the VM has retired plus what it skipped while idle (virtual clock), or the host's clock since the
start. This is the one file that reads the host clock for a guest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

NEVER: Final = 1 << 64


def host_ns() -> int:
    """The host's monotonic clock (CLOCK_MONOTONIC), which native code reads too."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Alarm:
    """An `emu.device.Timer`."""

    __slots__ = ("_changed", "_deadline", "action", "name", "order")

    def __init__(
        self, name: str, order: int, action: Callable[[], None], changed: Callable[[], None]
    ) -> None:
        self.name, self.order, self.action, self._changed = name, order, action, changed
        self._deadline: int | None = None

    @property
    def deadline(self) -> int | None:
        return self._deadline

    def arm(self, deadline: int) -> None:
        self._deadline = deadline
        self._changed()

    def cancel(self) -> None:
        if self._deadline is not None:
            self._deadline = None
            self._changed()


class Timeline:
    """An `emu.device.Clock`, and every alarm of one VM. `now` asks whoever runs (`source`) for guest time in ns.

    `changed` is called when the next deadline may have moved.
    """

    def __init__(self, source: Callable[[], int], changed: Callable[[], None]) -> None:
        self._source, self._changed = source, changed
        self._alarms: list[Alarm] = []

    def now(self) -> int:
        return self._source()

    def alarm(self, name: str, action: Callable[[], None]) -> Alarm:
        made = Alarm(name, len(self._alarms), action, self._changed)
        self._alarms.append(made)
        return made

    @property
    def next(self) -> int:
        """The earliest deadline, NEVER where none is armed."""
        return min((each.deadline for each in self._alarms if each.deadline is not None), default=NEVER)

    def fire(self) -> None:
        """Call every alarm that is due, the earliest first, those of one moment in the order they were made."""
        now = self.now()
        while True:
            due = [each for each in self._alarms if each.deadline is not None and each.deadline <= now]
            if not due:
                return
            first = min(due, key=lambda each: (each.deadline, each.order))
            first._deadline = None
            first.action()
            self._changed()

    def save(self) -> dict[str, int | None]:
        return {each.name: each.deadline for each in self._alarms}

    def load(self, deadlines: dict[str, int | None]) -> None:
        for each in self._alarms:
            each._deadline = deadlines.get(each.name)
        self._changed()
