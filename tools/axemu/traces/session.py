"""A run of which a part, or all, is recorded into a file."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console as RichConsole

from axemu import console
from axemu.errors import CommandError, InputUnreadable, UsageError
from axemu.plan import Plan
from axemu.session import Session, show
from axemu.signals import die_of
from axemu.symbols import apply_symbols
from axemu.traces.options import TraceRequest
from axemu.traces.output import Output
from emu.outcome import Ending, Outcome

if TYPE_CHECKING:
    from axemu.traces.recording import Recording
    from emu.machine import Machine


class TracedSession(Session):
    """Where the trace goes to standard output, the guest's console goes to standard error."""

    def __init__(
        self, plan: Plan, screen: RichConsole, request: TraceRequest, symbols: tuple[str, ...], output: Output
    ) -> None:
        super().__init__(plan, screen)
        self._request, self._symbols, self._output = request, symbols, output
        self._asked = False  # somebody has stopped the run
        self._counted = False  # --count has ended it
        self._deadline: float | None = None
        self.recording: Recording | None = None
        self.failure: OSError | None = None
        if request.printed:
            self.output_fd = console.STDERR

    def stop(self) -> None:
        self._asked = True
        super().stop()

    # -- the run in parts ---------------------------------------------------------------------------------------------

    def execute(self, machine: Machine) -> Outcome:
        """Raises UsageError for what the guest does not have."""
        from axemu.traces.filters import Filter, ranges_of  # noqa: PLC0415 - not for --help
        from axemu.traces.header import header  # noqa: PLC0415
        from axemu.traces.recording import TEXTS, Recording  # noqa: PLC0415
        from axemu.traces.writers import Setting  # noqa: PLC0415
        from emu.debug.debugger import Debugger  # noqa: PLC0415
        from emu.linux.processes import Processes  # noqa: PLC0415
        from emu.trace.recorded import CONTEXTS  # noqa: PLC0415
        from emu.trace.recorder import KINDS_OF, Recorder  # noqa: PLC0415

        request, timeout = self._request, self.plan.timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        _check(request, machine)
        with Debugger(machine) as debugger:
            apply_symbols(debugger, self._symbols)
            ranges = ranges_of(request.only, debugger)
            start, stop = (_place(text, debugger) for text in (request.start_at, request.stop_at))
            symbols = debugger.symbols
        before = self._lead_in(machine, start)
        if before is not None:
            self._nothing(machine)
            return before
        what = request.record
        if request.level is not None or request.format == "spike":
            what |= {CONTEXTS}
        filtered = bool(ranges) or request.level is not None or request.vcpu is not None
        wanted = {int(kind) for each in request.record for kind in KINDS_OF[each]}
        if request.format == "spike":
            wanted |= {int(kind) for kind in KINDS_OF[CONTEXTS]}
        skipped = machine.retired
        follow, processes = self._follow if request.format == "perfetto" else None, Processes(machine)
        recorder = Recorder(
            machine,
            what,
            self._write,
            asked=request.format == "spike",
            follow=follow,
            turned=processes.look,
            by_block=request.format == "arrow" and not filtered,
            ranges=ranges,
        )
        filter = Filter(
            machine, ranges, request.level, request.vcpu, recorder.described.names.number("privilege")
        )
        expand = request.format in TEXTS or filtered
        recording = Recording(filter, frozenset(wanted), machine.stop, expand=expand)
        self.recording = recording
        if skipped:
            recording.left_out["instructions before the recording began"] = skipped
        head = header(machine, request, recorder, symbols, expanded=filtered)
        setting = Setting(request, machine, recorder, symbols, head, ranges, processes.now)
        try:
            recording.begin(setting, self._output)
        except OSError as error:
            recorder.close()
            self._output.discard()
            raise InputUnreadable.of(Path(request.output), error, "write the trace") from error
        channel: Any = machine.channel
        said = channel.write

        def tee(data: bytes) -> None:
            recorder.hear(data)
            said(data)

        channel.write = tee
        ended = "the recording stopped"
        try:
            outcome, ended = self._recorded(machine, stop)
        finally:
            recorder.close()
            channel.write = said
            after = machine.retired
            outcome_after: Outcome | None = None
            self._counted = ended == _COUNTED and not self._asked
            if self._counted:
                self._left = True
                outcome_after = replace(outcome, ending=Ending.INTERRUPTED)
            elif self._goes_on(ended):
                outcome_after = self._run_for(machine, None)
                recording.left_out["instructions after the recording had ended"] += machine.retired - after
            self._end(recording, setting, ended)
        return outcome_after or outcome

    def _cause(self, outcome: Outcome) -> str:
        return f"recorded {_COUNTED}" if self._counted else super()._cause(outcome)

    def _goes_on(self, ended: str) -> bool:
        return ended in (_REACHED, _STOPPED, _FULL) and not self._asked

    def _write(self, batch: Any) -> None:  # noqa: ANN401
        assert self.recording is not None
        self.recording.write(batch)

    def _follow(self, switches: Any) -> None:  # noqa: ANN401
        assert self.recording is not None
        self.recording.follow(switches)

    def _lead_in(self, machine: Machine, start: tuple[int, ...]) -> Outcome | None:
        """Run to where the recording begins; how the run ended where it does before."""
        first = self._request.first
        if first:
            outcome = self._run_for(machine, first)
            if machine.retired < first or outcome.ending is not Ending.BUDGET:
                return outcome
        if start:
            return self._run_to(machine, start)
        return None

    def _recorded(self, machine: Machine, stop: tuple[int, ...]) -> tuple[Outcome, str]:
        """Run while it is recorded; how that ended."""
        request = self._request
        begin = machine.retired
        ends = [each for each in (request.end, _sum(begin, request.count)) if each is not None]
        limit = max(min(ends) - begin, 0) if ends else None
        assert self.recording is not None
        if stop:
            machine.breakpoints = stop
        try:
            outcome = self._run_for(machine, limit)
        finally:
            if stop:
                machine.breakpoints = ()
        if self.recording.failure is not None:
            return outcome, _FULL
        if stop and outcome.ending is Ending.EXIT:
            return outcome, _STOPPED
        if limit is not None and outcome.ending is Ending.BUDGET and not self._spent(machine):
            counted = request.count is not None and machine.retired == begin + request.count
            return outcome, _COUNTED if counted else _REACHED
        return outcome, outcome.text

    def _run_to(self, machine: Machine, addresses: tuple[int, ...]) -> Outcome | None:
        machine.breakpoints = addresses
        try:
            outcome = self._run_for(machine, None)
        finally:
            machine.breakpoints = ()
        return None if outcome.ending is Ending.EXIT else outcome

    def _spent(self, machine: Machine) -> bool:
        return self.plan.budget is not None and machine.retired >= self.plan.budget

    def _run_for(self, machine: Machine, count: int | None) -> Outcome:
        """Run `count` instructions at most, within what the plan allows."""
        budget = self.plan.budget
        left = None if budget is None else max(budget - machine.retired, 0)
        most = min((each for each in (left, count) if each is not None), default=None)
        seconds = None if self._deadline is None else max(self._deadline - time.monotonic(), 0.001)
        return machine.run(max_insns=most, timeout=seconds)

    # -- the file's end -----------------------------------------------------------------------------------------------

    def _end(self, recording: Recording, setting: Any, ended: str) -> None:  # noqa: ANN401
        try:
            recording.end(setting, ended)
        except OSError as error:
            recording.failure = recording.failure or error
        self.failure = recording.failure

    def _nothing(self, machine: Machine) -> None:
        """The run was over before the recording began."""
        self._print(f"nothing is recorded: the guest ended at instruction {machine.retired:,}")


_COUNTED, _REACHED, _STOPPED, _FULL = (
    "as many instructions as asked for",
    "--to was reached",
    "--stop-at was executed",
    "the file took no more",
)


def _sum(first: int, second: int | None) -> int | None:
    return None if second is None else first + second


def _place(text: str | None, debugger: Any) -> tuple[int, ...]:  # noqa: ANN401
    from emu.debug.errors import BadLocation  # noqa: PLC0415

    if text is None:
        return ()
    try:
        found: tuple[int, ...] = debugger.locate(text, body=False).addresses
    except BadLocation as error:
        raise UsageError("--start-at and --stop-at take a place in the guest's code.", str(error)) from error
    return found


def _check(request: TraceRequest, machine: Machine) -> None:
    if request.format == "spike" and not machine.isa.name.startswith("riscv"):
        raise UsageError("The format spike is for RISC-V.", f"The guest is {machine.isa.name}.", "Take text.")


def record(plan: Plan, request: TraceRequest, symbols: tuple[str, ...]) -> int:
    """Run, record, say how it ended; the exit code, 2 where the file took not all of it."""
    screen = RichConsole(stderr=True, highlight=False)
    output = Output(request.output, force=request.force)
    session = TracedSession(plan, screen, request, symbols, output)
    try:
        report = session.run()
    finally:
        output.close()
    show(report, replace(plan, json=None), screen)
    recording = session.recording
    if recording is not None:
        where = "standard output" if request.printed else request.output
        screen.print(
            f"[dim]axemu:[/] {recording.instructions:,} instructions, {recording.rows:,} rows in {where}",
            soft_wrap=True,
        )
        if session.failure is not None:
            raise CommandError(
                f"The trace could not be written to its end: {session.failure.strerror or session.failure}.",
                f"'{request.output}' holds what came before.",
                "The guest ran on without being recorded." if not request.printed else "",
            )
    if session.received is not None and session.received.name in ("SIGTERM", "SIGHUP"):
        die_of(session.received)
    return report.exit_code
