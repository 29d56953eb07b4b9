"""The guest behind the screen: its debugger's thread, and the questions that the screen asks it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final, TypeVar

from axemu.channel import HeldChannel
from axemu.plan import Plan
from axemu.symbols import apply_symbols
from axemu.tracer.camera import Camera
from axemu.tracer.exitview import Places
from axemu.tracer.model import Snapshot, View
from emu.debug.debugger import Debugger
from emu.debug.driver import Driver
from emu.debug.stop import Stop
from emu.machine import Machine

T = TypeVar("T")


class TracedGuest:
    """Makes the machine of a plan on the debugger's thread. Raises what the machine refuses."""

    def __init__(self, plan: Plan, channel: HeldChannel, symbols: tuple[str, ...] = ()) -> None:
        self.plan, self.channel, self._symbols = plan, channel, symbols
        self.stopped: Callable[[Stop], None] = lambda stop: None
        """Called on the debugger's thread when a run ends."""
        self._machine: Machine | None = None
        self._camera: Camera | None = None
        self.debugger: Debugger
        """For what is called on its thread."""
        self.driver: Final = Driver(self._make, self._stopped, self._dispose)
        self.notes: tuple[str, ...] = self.driver.call(
            lambda debugger: (*plan.notes, *debugger.machine.warnings)
        )

    def _make(self) -> Debugger:
        self._machine = Machine(replace(self.plan.config, channel=self.channel))
        self.debugger = debugger = Debugger(self._machine)
        apply_symbols(debugger, self._symbols)
        self._camera = Camera(debugger)
        return debugger

    def _stopped(self, stop: Stop) -> None:
        self.stopped(stop)

    def _dispose(self) -> None:
        if self._machine is not None:
            self._machine.close()

    @property
    def running(self) -> bool:
        return self.driver.running

    @property
    def camera(self) -> Camera:
        assert self._camera is not None
        return self._camera

    @property
    def places(self) -> Places:
        return self.camera.places

    def look(self, function: Callable[[Debugger], T]) -> Future[T]:
        """`function` of the debugger, soon; also while the guest runs."""
        return self.driver.post(function)

    def picture(self, view: View) -> Future[Snapshot]:
        """Everything; while the guest runs, what is cheap."""

        def take(debugger: Debugger) -> Snapshot:
            if self.driver.running:
                return self.camera.glance(running=True)
            return self.camera.picture(view)

        return self.driver.post(take)

    def run(self, function: Callable[[Debugger], Stop]) -> Future[Stop]:
        """`function` runs the guest. Raises RuntimeError while it runs."""
        return self.driver.run(function)

    def interrupt(self) -> None:
        self.driver.interrupt()

    def close(self) -> None:
        self.driver.close()

    def __enter__(self) -> TracedGuest:
        return self

    def __exit__(self, *details: Any) -> None:  # noqa: ANN401
        self.close()
