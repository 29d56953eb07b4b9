"""One attended run: a machine, a console, somebody who may stop it, and a stated end."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console as RichConsole
from rich.markup import escape

from axemu import compilation, console, eventlog, hooking
from axemu.errors import InputUnreadable, OutputClosed
from axemu.escape import HELP_TEXT, Command
from axemu.files import check_writable, write_whole
from axemu.plan import Plan
from axemu.report import Report
from axemu.signals import SignalWatch, die_of
from emu.outcome import Ending, Outcome

if TYPE_CHECKING:
    from emu.machine import Machine


class Session:
    """A run from its plan to its report. `stop` and `obey` may be called from any thread."""

    def __init__(self, plan: Plan, screen: RichConsole) -> None:
        self.plan, self.screen = plan, screen
        self.received: signal.Signals | None = None
        self.output_fd = console.STDERR if plan.json == "-" else console.STDOUT  # the guest's console
        self._machine: Machine | None = None
        self._left = False
        self._output_lost = False

    def stop(self) -> None:
        if self._machine is not None:
            self._machine.stop()

    def obey(self, command: Command) -> None:
        """An escape key of the raw console."""
        match command:
            case Command.LEAVE:
                self._left = True
                self.stop()
            case Command.HELP:
                self._say(f"\n{HELP_TEXT}")
            case Command.STATUS if self._machine is not None:
                self._say(
                    f"\n{self._machine.retired:,} instructions, {self._machine.now_ns:,} ns of guest time\n"
                )
            case _:
                self._say("\nThere is no monitor; Ctrl-A h helps.\n")

    def run(self) -> Report:
        """Raises CommandError, and what the machine refuses."""
        plan = self.plan
        for dump in plan.dumps:
            check_writable(dump.path)
        if plan.json is not None and plan.json != "-":
            check_writable(Path(plan.json))
        hooks = hooking.read(plan.hook) if plan.hook is not None else None
        with ExitStack() as stack:
            line = stack.enter_context(
                console.attached(
                    stored=plan.stored,
                    output_fd=self.output_fd,
                    keep=plan.guest is not None,
                    stop=self._lose_output,
                    obey=self.obey,
                )
            )
            log = stack.enter_context(eventlog.opened(plan.log_file, self.stop)) if plan.kinds else None
            machine = stack.enter_context(build(plan, line, self.screen))
            if log is not None:
                machine.listen(log, plan.kinds)
            for warning in (*plan.notes, *machine.warnings):
                self._print(warning)
            if plan.verbose:
                for note in machine.notes:
                    self._print(note)
            if hooks is not None:
                hooking.join(hooks, machine, self.screen)
            outcome, seconds = self._run(machine, line)
            self._dump(machine)
            report = self._report(machine, line, outcome, seconds)
            if hooks is not None:
                aside = self.output_fd == console.STDERR
                report = hooking.conclude(hooks, report, plan, aside=aside)
        if line.output.failure is not None:
            self._print(report.reason)
            raise OutputClosed(
                f"The guest's console could not be delivered: {line.output.failure.strerror}.",
                "The guest was stopped.",
            )
        return report

    def _run(self, machine: Machine, line: console.Console) -> tuple[Outcome, float]:
        self._machine = machine
        line.start()
        if line.terminal is not None and line.terminal.raw:
            self._print("Ctrl-A x leaves the guest, Ctrl-A h helps")
        if not gc.isenabled():  # cli.main starts without
            gc.freeze()
            gc.enable()
        with SignalWatch(self.stop, line.terminal, line.resized) as watch:
            begin = time.perf_counter()
            outcome = self.execute(machine)
            seconds = time.perf_counter() - begin
            line.close()
        if not line.output.at_line_start and sys.stdout.isatty() and sys.stderr.isatty():
            self.screen.print()
        self.received = watch.received
        return outcome, seconds

    def execute(self, machine: Machine) -> Outcome:
        """The run itself, to its end."""
        return machine.run(max_insns=self.plan.budget, timeout=self.plan.timeout)

    def _report(self, machine: Machine, line: console.Console, outcome: Outcome, seconds: float) -> Report:
        guest, transcript = self.plan.guest, line.transcript
        missed = None
        ended = outcome.ending not in (Ending.INTERRUPTED, Ending.HOOK)
        if guest is not None and transcript is not None and ended:
            missed = guest.expect.differences(outcome, bytes(transcript))
        return Report(
            title=self.plan.title,
            config=self.plan.config,
            outcome=outcome,
            instructions=machine.retired,
            guest_ns=machine.now_ns,
            seconds=seconds,
            exits=dict(machine.exits),
            console_bytes=line.output.count,
            console_sha256=line.output.digest,
            live=line.was_live,
            cause=self._cause(outcome),
            guest=guest,
            missed=missed,
            guest_exit_code=self.plan.guest_exit_code,
            left=self._left and outcome.ending is Ending.INTERRUPTED,
        )

    def _cause(self, outcome: Outcome) -> str:
        if outcome.ending is not Ending.INTERRUPTED:
            return ""
        if self._left:
            return "left with Ctrl-A x"
        if self._output_lost:
            return "stopped: nobody reads the console any more"
        if self.received is signal.SIGINT:
            return "interrupted (Ctrl-C)"
        return f"stopped by {self.received.name}" if self.received is not None else ""

    def _dump(self, machine: Machine) -> None:
        for dump in self.plan.dumps:
            data = machine.memory.read(dump.address, dump.size)
            try:
                dump.path.write_bytes(data)
            except OSError as error:
                raise InputUnreadable.of(dump.path, error, "write the memory dump") from error

    def _lose_output(self) -> None:
        self._output_lost = True
        self.stop()

    def _say(self, text: str) -> None:
        with suppress(OSError):
            os.write(console.STDERR, text.encode())

    def _print(self, text: str) -> None:
        self.screen.print(f"[dim]axemu:[/] {escape(text)}", soft_wrap=True, highlight=False)


def build(plan: Plan, line: console.Console, screen: RichConsole) -> Machine:
    """The machine of the plan, its program loaded. The first one on a computer compiles native code, with a
    word about it."""
    with compilation.announced(screen):
        from emu.natives import compile_for  # noqa: PLC0415 - imports LLVM

        compile_for([(plan.config.isa, plan.config.cpu)])
        from emu.machine import Machine  # noqa: PLC0415 - loads what was compiled

        return Machine(replace(plan.config, channel=line))


def attend(plan: Plan) -> int:
    """Run the plan, say how it ended, and return the exit code. Dies of the signal that ended it, SIGINT
    apart."""
    screen = RichConsole(stderr=True, highlight=False)
    return conclude(Session(plan, screen), screen)


def conclude(session: Session, screen: RichConsole) -> int:
    """Run it, say how it ended, and return the exit code. Dies of the signal that ended it, SIGINT apart."""
    report = session.run()
    show(report, session.plan, screen)
    if session.received in (signal.SIGTERM, signal.SIGHUP):
        die_of(session.received)
    return report.exit_code


def show(report: Report, plan: Plan, screen: RichConsole) -> None:
    """The end on standard error: reason, verdict, with -v the summary; the JSON where it was asked for."""
    color = "green" if report.exit_code == 0 else "yellow" if report.exit_code in (124, 130) else "red"
    screen.print(f"[dim]axemu:[/] [{color}]{escape(report.reason)}[/]", soft_wrap=True)
    if report.hook_failure and report.hook_failure not in report.reason:
        screen.print(f"[dim]axemu:[/] [red]{escape(report.hook_failure)}[/]", soft_wrap=True)
    verdict = report.verdict()
    if verdict:
        screen.print(f"[dim]axemu:[/] [{color}]{escape(verdict)}[/]", soft_wrap=True)
    if plan.verbose:
        report.show_summary(screen)
    if plan.json is not None:
        write_json(report.as_json(), plan.json)


def write_json(document: dict[str, Any], place: str) -> None:
    """Into the file `place`, or with "-" to standard output. Raises InputUnreadable."""
    text = json.dumps(document, indent=2) + "\n"
    if place != "-":
        write_whole(Path(place), text.encode(), "write the result")
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise InputUnreadable.of(place, error, "write the result") from error
