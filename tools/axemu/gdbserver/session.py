"""An attended run with a GDB server beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole

from axemu.gdbserver.server import Manners, Server
from axemu.listening import listen
from axemu.plan import Plan
from axemu.session import Session, conclude
from emu.outcome import Ending, Outcome

if TYPE_CHECKING:
    from emu.machine import Machine


class ServedSession(Session):
    """The guest is run by clients of the server at `host`:`port`."""

    def __init__(self, plan: Plan, screen: RichConsole, host: str, port: int, manners: Manners) -> None:
        super().__init__(plan, screen)
        self._listener = listen(host, port)
        self._manners = manners
        self._server: Server | None = None

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def execute(self, machine: Machine) -> Outcome:
        from emu.debug.debugger import Debugger  # noqa: PLC0415

        begin = time.monotonic()
        limit, timeout = self.plan.budget, self.plan.timeout
        with Debugger(machine) as debugger:
            server = self._server = Server(debugger, self._listener, self._manners, self._tell)
            host, port = server.address
            place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            waits = "; the guest waits for it" if self._manners.frozen else ""
            self._print(f"GDB server at {place}{waits}. In gdb: target remote {place}")
            server.limit = limit
            server.deadline = None if timeout is None else begin + timeout
            stop = server.serve()
            outcome = None if server.stopped else (stop.outcome if stop is not None else None)
        if outcome is not None:
            return outcome
        machine.settle()
        ending = server.limited or Ending.INTERRUPTED
        text = {
            Ending.BUDGET: "the instruction budget is used up",
            Ending.TIMEOUT: "the wall-time limit is over",
        }
        vcpu = machine.schedule.current
        return machine.ended(ending, vcpu, None, text.get(ending, "the debugger has ended it"))

    def _tell(self, text: str) -> None:
        self._say(f"axemu: {text}\n")


def serve(plan: Plan, host: str, port: int, manners: Manners) -> int:
    """Serve until it is over, say how it ended, and return the exit code. Raises PortTaken."""
    screen = RichConsole(stderr=True, highlight=False)
    return conclude(ServedSession(plan, screen, host, port, manners), screen)
