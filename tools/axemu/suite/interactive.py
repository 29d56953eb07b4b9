"""A guest that a Python test drives: run to a line of its console, a symbol or an exit; look, change, go back.

    with GuestSession("guests/riscv64/uart-echo") as guest:
        guest.expect("type a line: ")
        guest.send("hello\\n")
        assert guest.expect(r"(\\d+) bytes")[1] == "5"
        assert guest.run().code == 0

The pytest fixture `guest` makes sessions and closes them. What the guest does between two calls follows from what was
typed and changed alone: the same test takes the same number of instructions each time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from axemu.suite.dialogue import Dialogue, Mark
from axemu.suite.places import code_at
from axemu.suite.reports.consoles import plain
from axemu.suite.seeding import seeded
from axemu.suite.views import Memory, Where, place_of
from axvcpu.exits import AxVCpuExitReason, Debug
from emu.config import MachineConfig
from emu.debug.registers import Registers
from emu.errors import ConfigError, LoadError, UnknownName
from emu.guest import MANIFEST, load_guest
from emu.loaders import open_image
from emu.machine import Machine
from emu.outcome import Ending, Outcome
from emu.snapshot import MachineState
from emu.symbols import SymbolTable

MAX_INSNS: Final = 100_000_000  # instructions of one call that names no number
TIMEOUT: Final = 60.0  # seconds of host time of one call that names none
SLICE: Final = 100_000  # instructions between two looks at the whole console
SHOWN: Final = 20  # lines of the console in a failure
OVER: Final = (Ending.POWERED_OFF, Ending.CRASHED, Ending.TRAP_LOOP)
"""Endings after which only `restore` leads on."""


class GuestFailure(AssertionError):
    """The guest did not come to where it was to come. outcome: how it stopped; console: its whole text."""

    def __init__(self, text: str, outcome: Outcome, console: str) -> None:
        super().__init__(text)
        self.outcome, self.console = outcome, console


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of a session: the machine's state, and what was said."""

    state: MachineState
    mark: Mark
    outcome: Outcome | None
    unanswered: AxVCpuExitReason | None


class GuestSession:
    """A machine with a guest loaded, of which nothing has run; a context manager.

    program: a guest folder or guest.toml, of which the machine is taken but neither input nor expectations, or a file
    with a program. overrides: fields of MachineConfig. max_insns and timeout bound every call that says nothing.
    Raises LoadError, ConfigError and UnknownName for what cannot be built.
    """

    def __init__(
        self,
        program: str | Path,
        *,
        max_insns: int = MAX_INSNS,
        timeout: float = TIMEOUT,
        seed: int = 0,
        **overrides: Any,  # noqa: ANN401
    ) -> None:
        self.max_insns, self.timeout = max_insns, timeout
        self.outcome: Outcome | None = None
        self._unanswered: AxVCpuExitReason | None = None  # `run_until_exit` gave it away
        self._dialogue: Final = Dialogue()
        config = replace(_config(Path(program), seed, overrides), channel=self._dialogue)
        self.machine: Final = Machine(config)
        self._dialogue.stop = self.machine.stop
        self.memory: Final = Memory(self.machine)

    # -- running ------------------------------------------------------------------------------------------------------

    def run(self, max_insns: int | None = None, timeout: float | None = None) -> Outcome:
        """Run until the guest ends, waits for ever, or its instructions or time are used up: the outcome says which.
        Of a guest that has ended, its end again."""
        __tracebackhide__ = True
        if self.outcome is not None and self.outcome.ending in OVER:
            return self.outcome
        limits = self._limits(max_insns, timeout)
        return self._run(limits, limits.left)

    def expect(
        self, pattern: str | re.Pattern[str], max_insns: int | None = None, timeout: float | None = None
    ) -> re.Match[str]:
        """Run until the console shows `pattern` (MULTILINE) after the match before. The guest stops at the write that
        completes it, so a pattern that may match more (`\\d+`) has matched as little as it could.

        Raises GuestFailure where it does not come."""
        __tracebackhide__ = True
        wanted = re.compile(pattern, re.MULTILINE) if isinstance(pattern, str) else pattern
        limits, dialogue = self._limits(max_insns, timeout), self._dialogue
        while True:
            found = dialogue.match(wanted)
            if found is not None:
                return found
            if self.outcome is not None and self.outcome.ending in OVER:
                self._fail(f"the console does not show {wanted.pattern!r}: {said(self.outcome)}")
            if limits.left <= 0:
                self._fail(
                    f"the console does not show {wanted.pattern!r} within {limits.insns:,} instructions"
                )
            dialogue.awaited = wanted
            try:
                outcome = self._run(limits, min(SLICE, limits.left))
            finally:
                dialogue.awaited = None
            if outcome.ending in (Ending.BUDGET, Ending.INTERRUPTED):
                continue
            found = dialogue.match(wanted)
            if found is not None:
                return found
            self._fail(f"the console does not show {wanted.pattern!r}: {said(outcome)}")

    def run_until(self, where: Where, max_insns: int | None = None, timeout: float | None = None) -> Outcome:
        """Run until a vCPU comes to the code at `where`, and stop before the instruction there. A function's name is
        where its body begins. Raises GuestFailure where it does not come, UnknownName for no such symbol."""
        __tracebackhide__ = True
        place, machine = place_of(where), self.machine
        address, before = code_at(machine, place), machine.breakpoints
        limits = self._limits(max_insns, timeout)
        machine.breakpoints = before | {address}
        try:
            outcome = self._run(limits, limits.left)
        finally:
            machine.breakpoints = before
        if isinstance(outcome.exit, Debug) and outcome.exit.pc == address:
            return outcome
        self._fail(f"the pc did not reach {place}: {said(outcome)}")

    def run_until_exit(
        self,
        wanted: type[AxVCpuExitReason] | Callable[[AxVCpuExitReason], bool],
        max_insns: int | None = None,
        timeout: float | None = None,
    ) -> AxVCpuExitReason:
        """Run until the guest is left with an exit of that class, or for which `wanted` is true; the exit is answered
        when the guest goes on. What native code answers is no exit. Raises GuestFailure where none comes."""
        __tracebackhide__ = True
        limits = self._limits(max_insns, timeout)
        test = (lambda exit: isinstance(exit, wanted)) if isinstance(wanted, type) else wanted
        outcome = self._run(limits, limits.left, test)
        if outcome.exit is not None and outcome.ending is Ending.EXIT and test(outcome.exit):
            return outcome.exit
        name = wanted.__name__ if isinstance(wanted, type) else "that was asked for"
        self._fail(f"no exit {name} came: {said(outcome)}")

    def send(self, text: str | bytes) -> None:
        """Type for the guest; it reads when it runs."""
        self._dialogue.type(text.encode() if isinstance(text, str) else text)
        self.machine.poll()

    def _limits(self, max_insns: int | None, timeout: float | None) -> _Limits:
        insns = self.max_insns if max_insns is None else max_insns
        seconds = self.timeout if timeout is None else timeout
        return _Limits(self.machine, insns, seconds, self.machine.retired, time.monotonic() + seconds)

    def _run(
        self, limits: _Limits, insns: int, until: Callable[[AxVCpuExitReason], bool] | None = None
    ) -> Outcome:
        """One run of the machine, after what was left from the one before."""
        __tracebackhide__ = True
        machine = self.machine
        if self.outcome is not None and self.outcome.ending in OVER:
            self._fail(f"the guest has ended before: {said(self.outcome)}")
        exit, self._unanswered = self._unanswered, None
        outcome = machine.answer(exit) if exit is not None else None
        if outcome is None:
            outcome = machine.run(insns, max(limits.deadline - time.monotonic(), 0.001), until)
        self.outcome = outcome
        if outcome.ending is Ending.EXIT and not isinstance(outcome.exit, Debug):
            self._unanswered = outcome.exit
        if self._dialogue.overflowed:
            self._fail("the console is longer than a test may have")
        return outcome

    def _fail(self, text: str) -> NoReturn:
        __tracebackhide__ = True
        outcome = self.outcome or self.machine.ended(
            Ending.BUDGET, self.machine.schedule.current, None, "nothing has run"
        )
        raise GuestFailure("\n".join((text, *self._state())), outcome, self.console)

    def _state(self) -> list[str]:
        machine = self.machine
        machine.settle()
        pc = machine.schedule.current.arch.pc
        line = machine.symbols.line(pc)
        at = f"at pc {machine.place(pc)}" + (f", {line}" if line else "")
        lines = [f"{at}, vCPU {machine.schedule.current.id}, after {machine.retired:,} instructions"]
        shown = plain(bytes(self._dialogue.output)).rstrip("\n").split("\n")
        if shown == [""]:
            return [*lines, "the console is empty"]
        cut = len(shown) > SHOWN
        return [*lines, f"console{', its end' if cut else ''}:", *(f"  | {each}" for each in shown[-SHOWN:])]

    # -- looking at it ------------------------------------------------------------------------------------------------

    @property
    def console(self) -> str:
        """What the guest wrote so far; line ends as newlines."""
        return self._dialogue.text

    @property
    def instructions(self) -> int:
        """Retired by all vCPUs, since the session was made."""
        return self.machine.retired

    @property
    def symbols(self) -> SymbolTable:
        return self.machine.symbols

    @property
    def registers(self) -> Registers:
        """Those of the vCPU that ran last."""
        return Registers(self.machine, self.machine.schedule.current)

    def registers_of(self, vcpu: int) -> Registers:
        """Raises UnknownName for a vCPU that the machine lacks."""
        if not 0 <= vcpu < len(self.machine.vcpus):
            raise UnknownName("vCPU", str(vcpu), (), f"There are {len(self.machine.vcpus)}")
        return Registers(self.machine, self.machine.vcpus[vcpu])

    def snapshot(self) -> Snapshot:
        """This moment, for `restore`: any number of times, in this session."""
        return Snapshot(self.machine.save(), self._dialogue.mark(), self.outcome, self._unanswered)

    def restore(self, moment: Snapshot) -> None:
        """Back to a moment; the count of instructions and the console go back too."""
        self._dialogue.back_to(moment.mark)
        self.machine.restore(moment.state)
        self.outcome, self._unanswered = moment.outcome, moment.unanswered

    def close(self) -> None:
        self.machine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Limits:
    """Of one call."""

    machine: Machine
    insns: int
    seconds: float
    begun: int
    deadline: float

    @property
    def left(self) -> int:
        return self.insns - (self.machine.retired - self.begun)


def said(outcome: Outcome) -> str:
    """How a run ended, in words; for a guest that waits, what to try."""
    hint = "; does it wait for input? `send` types it" if outcome.ending is Ending.BLOCKED else ""
    return f"{outcome.ending.value}: {outcome.text}{hint}" if outcome.text else outcome.ending.value


def _config(program: Path, seed: int, overrides: dict[str, Any]) -> MachineConfig:
    known = {each.name for each in fields(MachineConfig)} - {"channel", "kernel"}
    for name in overrides:
        if name not in known:
            raise UnknownName.among("field of MachineConfig", name, known)
    if program.name == MANIFEST or program.is_dir():
        guest = load_guest(program)
        return replace(seeded(guest, seed), **overrides)
    if not program.exists():
        raise LoadError(program, "a guest folder, guest.toml or program", "nothing of that name")
    if "isa" not in overrides:
        isa = open_image(program).isa if overrides.get("base") is None else None
        if isa is None:
            raise ConfigError("isa", "a name, as the file does not say", "none", 'Add isa="riscv64"')
        overrides = {"isa": isa, **overrides}
    return MachineConfig(kernel=program, **overrides)
