"""An attended run that is counted."""

from __future__ import annotations

import importlib
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole

from axemu import compilation, console
from axemu.files import check_writable
from axemu.plan import Plan
from axemu.report import Report
from axemu.session import Session, show, write_json
from axemu.signals import die_of
from axemu.stat.document import as_json
from axemu.stat.output import Look, print_tables
from axemu.symbols import apply_after_run
from emu.outcome import Outcome
from emu.statistics.summary import Summary, summary
from emu.symbols import SymbolTable

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.statistics.meter import Meter


class CountedSession(Session):
    """`summary` is there after the run. `symbols`: as --symbols has them."""

    def __init__(self, plan: Plan, screen: RichConsole, look: Look, symbols: tuple[str, ...]) -> None:
        super().__init__(plan, screen)
        self.look, self._symbols = look, symbols
        self.summary: Summary | None = None
        self._meter: Meter | None = None

    def run(self) -> Report:
        with compilation.announced(self.screen):
            importlib.import_module("emu.statistics.native")  # compiles, once
        return super().run()

    def execute(self, machine: Machine) -> Outcome:
        from emu.statistics.meter import Meter  # noqa: PLC0415 - imports numba

        with Meter(machine) as meter:
            self._meter = meter
            return super().execute(machine)

    def _report(self, machine: Machine, line: console.Console, outcome: Outcome, seconds: float) -> Report:
        assert self._meter is not None
        self.summary = summary(self._meter, self._names(machine))
        return super()._report(machine, line, outcome, seconds)

    def _names(self, machine: Machine) -> SymbolTable:
        """The guest's symbols, and those that were asked for; a Linux kernel's own where there are no others."""
        from emu.debug.debugger import Debugger  # noqa: PLC0415

        with Debugger(machine) as debugger:
            apply_after_run(debugger, self._symbols)
            return debugger.symbols


def attend(plan: Plan, look: Look, symbols: tuple[str, ...], *, top: bool) -> int:
    """Run the plan, say how it ended and what was counted, and return the exit code. Dies of the signal that ended it,
    SIGINT apart."""
    if look.svg is not None:
        check_writable(look.svg)
    screen = RichConsole(stderr=True, highlight=False)
    session = _session(plan, screen, look, symbols, top=top)
    report = session.run()
    show(report, replace(plan, json=None), screen)
    assert session.summary is not None
    tables = screen if plan.json == "-" else RichConsole(highlight=False)
    print_tables(session.summary, look, tables, f"axemu stat {Path(plan.title).name}")
    if plan.json is not None:
        write_json(as_json(session.summary, report), plan.json)
    if session.received in (signal.SIGTERM, signal.SIGHUP):
        die_of(session.received)
    return report.exit_code


def _session(
    plan: Plan, screen: RichConsole, look: Look, symbols: tuple[str, ...], *, top: bool
) -> CountedSession:
    if not top:
        return CountedSession(plan, screen, look, symbols)
    from axemu.stat.top import WatchedSession  # noqa: PLC0415 - it needs a terminal's modules

    return WatchedSession(plan, screen, look, symbols)
