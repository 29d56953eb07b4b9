"""Boot once, run many: machines that stand where several cases begin.

Theory: a deterministic machine that runs the same prefix comes to the same state, so the prefix is run once a worker and
its state restored for each case. What proves that the state is the same everywhere is its hash: it goes with each
result, and the runner compares (`runner.py`).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from axemu.suite.case import Prefix
from axemu.suite.line import Line
from axemu.suite.places import code_at
from axemu.suite.seeding import seeded
from emu.errors import ConfigError
from emu.executions import BlockCounts
from emu.machine import Machine
from emu.outcome import Ending
from emu.snapshot import MachineState

KEPT: Final = 2  # prefixes that a worker holds; each is a machine with its memory
PATIENCE: Final = 600.0  # seconds of host time for a prefix that says nothing
SLICE: Final = 100_000  # instructions between two looks at the console


@dataclass(frozen=True, slots=True)
class Booted:
    machine: Machine
    line: Line
    state: MachineState
    hash: str
    counts: BlockCounts | None = None


class Prefixes:
    """The machines of this process that stand at the end of a prefix, the latest used last. `count` makes them count
    the blocks that they execute until there."""

    def __init__(self, count: Callable[[Machine], None] | None = None) -> None:
        self._count = count
        self._booted: OrderedDict[tuple[Prefix, int], Booted] = OrderedDict()

    def at(self, prefix: Prefix, seed: int) -> Booted:
        """A machine at the end of `prefix`, run there on the first call. ConfigError where it never gets there."""
        key = (prefix, seed)
        booted = self._booted.pop(key, None)
        if booted is None:
            while len(self._booted) >= KEPT:
                self._booted.popitem(last=False)[1].machine.close()
            booted = _boot(prefix, seed, self._count)
        else:
            booted.machine.restore(booted.state)
        self._booted[key] = booted
        return booted

    def drop(self, prefix: Prefix, seed: int) -> None:
        """Forget a machine that may not be trusted any more."""
        booted = self._booted.pop((prefix, seed), None)
        if booted is not None:
            booted.machine.close()

    def close(self) -> None:
        for booted in self._booted.values():
            booted.machine.close()
        self._booted.clear()


def _boot(prefix: Prefix, seed: int, count: Callable[[Machine], None] | None) -> Booted:
    guest = prefix.guest
    line = Line(guest.max_console)
    awaited = (prefix.console,) if prefix.console is not None else ()
    line.begin(guest.input, guest.prompts, (), awaited)
    machine = Machine(replace(seeded(guest, seed), channel=line))
    try:
        line.stop = machine.stop
        if count is not None:
            count(machine)
        _run(prefix, machine, line)
        line.begin(b"")
        counts = machine.block_counts if count is not None else None
        return Booted(machine, line, machine.save(), machine.state_hash(), counts)
    except BaseException:
        machine.close()
        raise


def _run(prefix: Prefix, machine: Machine, line: Line) -> None:
    """To the end of the prefix."""
    deadline = time.monotonic() + (prefix.guest.timeout or PATIENCE)
    budget = prefix.guest.expect.max_instructions
    if prefix.place is not None:
        machine.breakpoints = frozenset((code_at(machine, prefix.place),))
    while True:
        slice = SLICE if prefix.instructions is None else min(SLICE, prefix.instructions - machine.retired)
        outcome = machine.run(slice, timeout=max(deadline - time.monotonic(), 0.01))
        if line.satisfied or outcome.ending is Ending.EXIT or machine.retired == prefix.instructions:
            machine.breakpoints = frozenset()
            return
        over = budget is not None and machine.retired >= budget
        if outcome.ending is not Ending.BUDGET or line.stopped or over:
            waited = prefix.console or prefix.place or prefix.instructions
            text = line.stopped or ("its budget is used up" if over else outcome.text)
            raise ConfigError(
                f"prefix {prefix.name}",
                f"a run that comes to {waited!r}" if prefix.console else f"a run that comes to {waited}",
                f"{text}, after {machine.retired:,} instructions at {machine.place(outcome.pc)}; "
                f"the console ends with {bytes(line.output[-200:])!r}",
            )
