"""The loop: run a vCPU, have its exit answered, until something ends the run; and what may interrupt it.

Everything that happens to the guest happens at a count of retired instructions: alarms fire, budgets end and interrupts
are raised there and nowhere else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from axvcpu.control import NEVER
from axvcpu.exits import AxVCpuExitReason
from emu.answer import answer
from emu.device import PowerKind, PowerRequest
from emu.idle import Idle
from emu.outcome import Ending, Outcome
from emu.schedule import Vcpu

if TYPE_CHECKING:
    from emu.machine import Machine

Until = Callable[[AxVCpuExitReason], bool]


class Runner:
    """Runs one machine. `stop`, `kick` and `notify` may be called from any thread or signal handler."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._idle = Idle(machine, self)
        self._power: PowerRequest | None = None
        self._stop_reason: Ending | None = None
        self._notified = False
        self.stale = True  # something besides the running vCPU is to be looked at
        self.current: Vcpu | None = None

    def run(self, max_insns: int | None, timeout: float | None, until: Until | None) -> Outcome:
        """See `Machine.run`."""
        machine = self._machine
        limit = NEVER if max_insns is None else machine.retired + max_insns
        watch = None if timeout is None else threading.Timer(timeout, self._interrupt, (Ending.TIMEOUT,))
        if watch is not None:
            watch.daemon = True
            watch.start()
        subscribe = getattr(machine.channel, "subscribe", None)
        if subscribe is not None:
            subscribe(self.notify)
        try:
            return self._loop(limit, until)
        finally:
            self.current = None
            self._idle.close()
            if watch is not None:
                watch.cancel()
            self._stop_reason = None  # what came too late for this run is not for the next one
            machine.release_hooks()

    def _loop(self, limit: int, until: Until | None) -> Outcome:
        machine, schedule = self._machine, self._machine.schedule
        while True:
            outcome = self._switch_power() if self._power is not None else None
            if outcome is None and self._stop_reason is not None:
                outcome = self._stopped(self._stop_reason)
            if outcome is not None:
                return outcome
            self.take_input()
            vcpu = schedule.pick()
            if vcpu is None:
                outcome = self._idle.wait()
            else:
                self.stale = False
                following = machine.timeline.next
                schedule.prepare(vcpu, limit, following)
                if schedule.host_start is not None:
                    self._idle.kick_at(following)
                outcome = self._turn(vcpu, until)
            if outcome is not None:
                return outcome

    def _turn(self, vcpu: Vcpu, until: Until | None) -> Outcome | None:
        """Run one vCPU until something besides it has to be looked at."""
        self.current = vcpu
        machine, run = self._machine, vcpu.run
        listening = machine.listening
        reply = answer if machine.meter is None else machine.meter.answer
        while True:
            exit = run()
            if listening:
                machine.tell(vcpu, exit)
            if until is not None and until(exit):
                return machine.ended(Ending.EXIT, vcpu, exit, f"left the guest with {exit}")
            outcome = reply(exit, vcpu, machine)
            if outcome is not None or self.stale:
                return outcome

    def attend(self, vcpu: Vcpu) -> None:
        """Native code came back: fire alarms that are due, take input, end the turn."""
        self.take_input()
        timeline = self._machine.timeline
        if timeline.next <= timeline.now():
            timeline.fire()
        else:
            self._machine.schedule.end_turn(vcpu)
        self.stale = True

    def stop(self) -> None:
        """End the run at the next exact boundary, as INTERRUPTED."""
        self._interrupt(Ending.INTERRUPTED)

    def _interrupt(self, ending: Ending) -> None:
        self._stop_reason = ending
        self._machine.interrupt_hooks()
        self.kick()

    def kick(self) -> None:
        """Come back from the guest for a moment."""
        for vcpu in self._machine.vcpus:
            vcpu.arch.kick()
        self._idle.notify()

    def notify(self) -> None:
        """Live input has arrived or ended."""
        self._notified = True
        self.kick()

    @property
    def interrupted(self) -> bool:
        """Whether the run is to end, or live input waits to be taken."""
        return self._stop_reason is not None or self._notified

    def take_input(self) -> None:
        """Let the devices take what input has arrived."""
        if self._notified:
            self._notified = False
            self._machine.poll()

    def ask_power(self, request: PowerRequest) -> None:
        """A device's switch was thrown; it is looked at when the access has been answered."""
        self._power = request
        self.stale = True

    def _stopped(self, ending: Ending) -> Outcome:
        text = "stopped from outside" if ending is Ending.INTERRUPTED else "the wall-time limit is over"
        self._stop_reason = None
        return self._machine.ended(ending, self._machine.schedule.current, None, text)

    def _switch_power(self) -> Outcome | None:
        machine, request, self._power = self._machine, self._power, None
        assert request is not None
        if request.kind is PowerKind.RESET and not machine.config.no_reboot:
            machine.reset()
            return None
        what = "powered off" if request.kind is PowerKind.SHUTDOWN else "asked for a reset (-no-reboot)"
        text = f"the guest {what}" + (f" with code {request.code}" if request.code else "")
        return machine.ended(Ending.POWERED_OFF, self.current or machine.vcpus[0], None, text, request.code)

    def close(self) -> None:
        self._idle.close()
