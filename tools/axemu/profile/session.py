"""An attended run whose instructions are counted, by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole

from axemu.plan import Plan
from axemu.report import Report
from axemu.session import Session, show
from axemu.signals import die_of
from axemu.symbols import apply_after_run
from emu.outcome import Outcome

if TYPE_CHECKING:
    from emu.calls.tree import CallTree
    from emu.debug.debugger import Debugger
    from emu.debug.info import Source
    from emu.executions import Executions, Layouts
    from emu.machine import Machine


@dataclass(frozen=True)
class Counted:
    """What ran, and the machine that it ran on, which is still there."""

    debugger: Debugger
    executions: Executions
    layouts: Layouts
    calls: CallTree | None = None  # where they were followed


class CountedSession(Session):
    """`check` sees the machine before the run, `use` what was counted after it; both may raise CommandError."""

    def __init__(
        self,
        plan: Plan,
        screen: RichConsole,
        symbols: Sequence[str],
        check: Callable[[Machine], None],
        use: Callable[[Counted], None],
        *,
        calls: bool = False,
        branches: bool = False,
    ) -> None:
        super().__init__(plan, screen)
        self._symbols, self._check, self._use = symbols, check, use
        self._calls, self._branches = calls, branches

    def execute(self, machine: Machine) -> Outcome:
        from emu.calls.tree import CallTree  # noqa: PLC0415 - not for --help
        from emu.debug.debugger import Debugger  # noqa: PLC0415
        from emu.executions import Layouts, by_page, executions  # noqa: PLC0415
        from emu.linux.processes import Processes  # noqa: PLC0415

        self._check(machine)
        processes = Processes(machine)
        turned = processes.look if self._calls else None
        machine.count_blocks(branches=self._branches, calls=self._calls, turned=turned)
        outcome = super().execute(machine)
        with Debugger(machine) as debugger:
            apply_after_run(debugger, self._symbols)
            layouts = Layouts(machine.isa, by_page(debugger.memory.readable))
            counts = machine.block_counts
            calls = None
            if counts.calls is not None:
                nodes, lost = counts.calls.nodes, counts.calls.lost
                calls = CallTree(nodes, machine.isa, debugger.symbols, lost, processes.names)
            self._use(Counted(debugger, executions(counts, layouts), layouts, calls))
        return outcome


def counted(
    plan: Plan,
    symbols: Sequence[str],
    check: Callable[[Machine], None],
    use: Callable[[Counted], None],
    finish: Callable[[Report], None],
    *,
    calls: bool = False,
    branches: bool = False,
) -> int:
    """Run, say how it ended, have `finish` say what was counted; the exit code. `calls`: follow them."""
    screen = RichConsole(stderr=True, highlight=False)
    session = CountedSession(plan, screen, symbols, check, use, calls=calls, branches=branches)
    report = session.run()
    show(report, replace(plan, json=None), screen)
    finish(report)
    if session.received is not None and session.received.name in ("SIGTERM", "SIGHUP"):
        die_of(session.received)
    return report.exit_code


def source_of(found: Counted) -> Source:
    """Where source files are looked for: as the compiler wrote them down, and beside the guest's first file."""
    from emu.debug.info import Source  # noqa: PLC0415

    files = found.debugger.machine.files
    return Source.of(files[0] if files else None)
