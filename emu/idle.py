"""What a machine does while every vCPU waits: skip to the next alarm, sleep, wait for input, or see that it is over."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from emu.alarmclock import AlarmClock
from emu.outcome import Ending, Outcome
from emu.timeline import NEVER, host_ns

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.runner import Runner


class Idle:
    """Waiting for one machine. `notify` ends a wait, from any thread."""

    def __init__(self, machine: Machine, runner: Runner) -> None:
        self._machine, self._runner = machine, runner
        self._event = threading.Event()
        self._alarm = AlarmClock(machine.timeline.now, runner.kick)

    def notify(self) -> None:
        self._event.set()

    def wait(self) -> Outcome | None:
        """Let time pass until a vCPU may go on; the outcome where none ever can."""
        machine = self._machine
        timeline = machine.timeline
        following = timeline.next
        live = machine.channel.live
        self._event.clear()
        if self._runner.interrupted:
            return None
        if following >= NEVER and not live:
            return machine.ended(
                Ending.BLOCKED,
                machine.vcpus[0],
                None,
                "every vCPU waits for an interrupt, and nothing can ever raise one",
            )
        if machine.config.clock == "host":
            self._sleep(following - timeline.now())
        elif live:
            begun, now = host_ns(), timeline.now()
            if self._sleep(following - now):
                machine.schedule.skip(min(now + host_ns() - begun, following))
            else:
                machine.schedule.skip(following)
        else:
            machine.schedule.skip(following)
        timeline.fire()
        self._runner.take_input()
        return None

    def _sleep(self, nanoseconds: int) -> bool:
        """True where something came before the time was over."""
        return self._event.wait(None if nanoseconds >= NEVER >> 1 else max(nanoseconds, 0) / 1e9)

    def kick_at(self, deadline: int) -> None:
        """Host clock: have the machine kicked when guest time reaches `deadline` ns."""
        self._alarm.set(deadline)

    def close(self) -> None:
        """Kick no more; `kick_at` may come again."""
        self._alarm.close()
