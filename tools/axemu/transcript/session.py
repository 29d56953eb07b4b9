"""A run whose device accesses are recorded, or answered from a record."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console as RichConsole

from axemu import console
from axemu.errors import CommandError, InputUnreadable
from axemu.plan import Plan
from axemu.session import Session, conclude
from axemu.transcript.files import read
from emu.errors import EmuError
from emu.outcome import Outcome
from emu.transcript import Recording, Replay

if TYPE_CHECKING:
    from emu.machine import Machine


class RecordedSession(Session):
    """Where the transcript goes to standard output, the guest's console goes to standard error."""

    def __init__(self, plan: Plan, screen: RichConsole, recording: Recording, *, printed: bool) -> None:
        super().__init__(plan, screen)
        self._recording = recording
        if printed:
            self.output_fd = console.STDERR

    def execute(self, machine: Machine) -> Outcome:
        self._recording.attach(machine)
        return super().execute(machine)


class ReplayedSession(Session):
    def __init__(self, plan: Plan, screen: RichConsole, replay: Replay) -> None:
        super().__init__(plan, screen)
        self._replay = replay

    def execute(self, machine: Machine) -> Outcome:
        try:
            self._replay.attach(machine)
        except EmuError as error:
            raise CommandError(str(error)) from error
        return super().execute(machine)


def record(plan: Plan, output: str, devices: tuple[str, ...]) -> int:
    """Returns the exit code of the run. What was recorded until it ended, however that was, is in the file."""
    screen = RichConsole(stderr=True, highlight=False)
    with ExitStack() as stack:
        file = sys.stdout if output == "-" else stack.enter_context(_opened(Path(output)))
        recording = Recording(file.write, devices)
        plan = replace(plan, config=replace(plan.config, heard=recording.heard))
        try:
            code = conclude(RecordedSession(plan, screen, recording, printed=output == "-"), screen)
        finally:
            _flush(file, output)
    screen.print(f"[dim]axemu:[/] {recording.count:,} entries in {output}", soft_wrap=True)
    return code


def replay_file(plan: Plan, path: Path, devices: tuple[str, ...]) -> int:
    """The exit code of the run; 1 where the guest did not do what the transcript says."""
    screen = RichConsole(stderr=True, highlight=False)
    replay = Replay(read(path), devices)
    code = conclude(ReplayedSession(replace(plan, guest=None), screen, replay), screen)
    if replay.mismatch is not None:
        screen.print(f"[dim]axemu:[/] [red]{replay.mismatch}[/]", soft_wrap=True)
        return 1
    done, left = replay.done, replay.left
    if left:
        screen.print(
            f"[dim]axemu:[/] [red]The guest made {done:,} of the transcript's {done + left:,} accesses.[/]",
            soft_wrap=True,
        )
        return code or 1
    screen.print(f"[dim]axemu:[/] [green]All {done:,} accesses are as in {path}.[/]", soft_wrap=True)
    return code


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise InputUnreadable.of(path, error, "write the transcript") from error


def _flush(file: TextIO, output: str) -> None:
    try:
        file.flush()
    except OSError as error:
        raise InputUnreadable.of(output, error, "write the transcript") from error
