"""One run of one case, in this process: a machine is made, or taken from its prefix, and run to its end in slices.

Theory: a sliced run is the same run (the engine stops exactly), and between slices there is time for what a guest does
not tell by an exit: a `tohost` that it wrote, a checkpoint. Slices are of a fixed number of instructions, so what is
seen between them depends on counts alone, never on how fast the host is.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from axemu.suite.case import Case
from axemu.suite.htif import Host
from axemu.suite.line import Line
from axemu.suite.machines import Machines
from axemu.suite.orders import Terms
from axemu.suite.places import StateChecks
from axemu.suite.result import Where
from axemu.suite.signature import signature
from axvcpu.exits import AxVCpuExitReason, Debug, PreemptionTimer
from emu.event import Event
from emu.expectation import WATCHED
from emu.machine import Machine
from emu.outcome import Ending, Outcome
from emu.symbols import SymbolTable
from isa.register import Role

WHOLE: Final = 5_000_000  # instructions of a slice
POLLED: Final = 20_000  # of a slice where somebody looks at memory; a test that has ended spins until then
PROMPTED: Final = (
    100_000  # where prompts are answered: what native code has gathered of the console comes then
)
LAST_EXITS: Final = 32
SHOWN: Final = (Role.PC, Role.SP, Role.RA, Role.GENERAL, Role.STATUS, Role.PRIVILEGE)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a run after so many instructions."""

    instructions: int
    hash: str
    pc: int
    symbol: str
    registers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run came to, not judged yet. cut: why the run was ended from outside, "" where it ended by itself.
    symbols are the program's, for the source line that `where` has not: looking for it takes 20 ms."""

    outcome: Outcome
    console: bytes
    instructions: int
    guest_ns: int
    exits: Mapping[str, int]
    seconds: float
    where: Where
    symbols: SymbolTable
    state_differences: tuple[str, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    hash: str = ""
    cut: str = ""
    signature: tuple[str, ...] | None = None
    prefix_hash: str = ""


def run_trial(
    case: Case,
    terms: Terms,
    machines: Machines,
    made: Callable[[Machine], None] = lambda machine: None,
    ended: Callable[[Machine], None] = lambda machine: None,
) -> Trial:
    """Run the case once. `made` is called with the machine before the guest runs, `ended` after it did. Raises what a
    machine refuses."""
    with machines.lent(case, terms.seed) as (machine, line, prefix_hash):
        made(machine)
        trial = _Trial(case, terms, machine, line, prefix_hash).run()
        ended(machine)
        return trial


class _Trial:
    def __init__(self, case: Case, terms: Terms, machine: Machine, line: Line, prefix_hash: str) -> None:
        self.case, self.terms, self.machine, self.line = case, terms, machine, line
        self.prefix_hash = prefix_hash
        guest, expect = case.guest, case.guest.expect
        line.stop = machine.stop
        self.begun = machine.retired
        self.begun_ns = machine.now_ns
        self.before = Counter(machine.exits)
        self.events: Counter[str] = Counter()
        watched = expect.counters & WATCHED
        if watched:
            machine.listen(
                self._count, {name.removesuffix("s") if name == "interrupts" else name for name in watched}
            )
        self.last: deque[AxVCpuExitReason] = deque(maxlen=LAST_EXITS)
        self.checks = StateChecks(machine, expect)
        polled = guest.protocol in ("tohost", "signature")
        self.host = Host(machine, line) if polled else None
        self.slice = (
            POLLED if polled else PROMPTED if guest.prompts or expect.until_console else terms.slice or WHOLE
        )
        self.budget = expect.max_instructions
        self.checkpoints: list[Checkpoint] = []

    def _count(self, event: Event) -> None:
        self.events[event.kind] += 1

    @property
    def done(self) -> int:
        return self.machine.retired - self.begun

    def run(self) -> Trial:
        begin = time.monotonic()
        limit = self.case.guest.timeout or self.terms.timeout
        outcome = self._run(begin + limit)
        seconds = time.monotonic() - begin
        machine = self.machine
        if self.line.satisfied and outcome.ending is Ending.INTERRUPTED:
            outcome = replace(outcome, ending=Ending.EXIT, text=self.line.stopped)
        self.checks.at_end()
        exits = Counter(machine.exits)
        exits.subtract(self.before)
        counts = {name: count for name, count in exits.items() if count}
        counts |= {"interrupts": self.events["interrupt"], "unmapped": self.events["unmapped"]}
        return Trial(
            outcome,
            bytes(self.line.output),
            self.done,
            machine.now_ns - self.begun_ns,
            {name: count for name, count in counts.items() if count},
            seconds,
            self._where(outcome),
            machine.symbols,
            tuple(self.checks.differences),
            tuple(self.checkpoints),
            machine.state_hash() if self.terms.hash else "",
            "" if self.line.satisfied else self.line.stopped,
            signature(machine) if self.case.guest.protocol == "signature" else None,
            self.prefix_hash,
        )

    def _run(self, deadline: float) -> Outcome:
        machine = self.machine
        marks = deque(self.terms.checkpoints)
        while True:
            ends = [self.slice * (self.done // self.slice + 1)]
            if self.budget is not None:
                ends.append(self.budget)
            if marks:
                ends.append(marks[0])
            machine.breakpoints = self.checks.addresses
            left = deadline - time.monotonic()
            if left <= 0:
                return machine.ended(
                    Ending.TIMEOUT, machine.schedule.current, None, "the wall-time limit is over"
                )
            # A slice is short, so the time is looked at between two; only a host's clock may sleep in one.
            patience = left if machine.config.clock == "host" else None
            outcome = machine.run(max(min(ends) - self.done, 0), timeout=patience, until=self._saw)
            if isinstance(outcome.exit, Debug) and outcome.ending is Ending.EXIT:
                self.checks.reached(outcome.exit.pc, outcome.vcpu_id)
                continue
            while marks and self.done >= marks[0]:
                marks.popleft()
                self.checkpoints.append(self._checkpoint())
            if self.host is not None:
                ended = self.host.look(outcome)
                if ended is not None:
                    return ended
            if outcome.ending is not Ending.BUDGET or (self.budget is not None and self.done >= self.budget):
                return outcome

    def _saw(self, exit: AxVCpuExitReason) -> bool:
        """Keep the exit for whoever asks what came last; those that only end a slice are nobody's business."""
        if type(exit) is not PreemptionTimer:
            self.last.append(exit)
        return type(exit) is Debug

    def _registers(self, vcpu: int) -> dict[str, int]:
        arch = self.machine.vcpus[vcpu].arch
        return {
            row.name: arch.read_register(row.name) for row in self.machine.isa.registers if row.role in SHOWN
        }

    def _checkpoint(self) -> Checkpoint:
        machine = self.machine
        current = machine.schedule.current
        pc = current.arch.pc
        return Checkpoint(
            self.done, machine.state_hash(), pc, machine.symbols.name(pc) or "", self._registers(current.id)
        )

    def _where(self, outcome: Outcome) -> Where:
        exits = tuple(repr(exit) for exit in self.last)
        registers = self._registers(outcome.vcpu_id)
        return Where(outcome.pc, outcome.symbol or "", "", outcome.vcpu_id, registers, exits)
