"""Machines for cases: new ones, the last one reset, or one that stands at the end of a prefix.

Theory: a machine that is reset with another program is, for the guest, a new one: memory, devices, vCPUs and time are as
at power-on (a test compares state hashes). Making one costs 20 ms, resetting it 2 ms. What a reset does not take back
(a flash that was written, a disk, listeners) is a reason for a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from axemu.suite.case import Case
from axemu.suite.line import Line
from axemu.suite.prefixes import Prefixes
from axemu.suite.seeding import seeded
from emu.config import MachineConfig
from emu.expectation import WATCHED
from emu.machine import Machine


class Machines:
    """The machines of this process. `count` makes one count the blocks that its case executes, those of the case's
    prefix among them. `close` gives back what they hold."""

    def __init__(self, count: Callable[[Machine], None] | None = None) -> None:
        self._count = count
        self.prefixes = Prefixes(count)
        self._machine: Machine | None = None
        self._line = Line(0)
        self._made_for: MachineConfig | None = None
        self._fresh: dict[str, Any] | None = None  # of its devices, before its first case

    @contextmanager
    def lent(self, case: Case, seed: int) -> Iterator[tuple[Machine, Line, str]]:
        """The machine that a case runs on, its serial line, and the hash of the prefix that it comes from. After an
        exception it is not used again."""
        if case.prefix is not None:
            booted = self.prefixes.at(case.prefix, seed)
            _begin(booted.line, case)
            booted.machine.poll()
            if self._count is not None and booted.counts is not None:
                self._count(booted.machine)
                booted.machine.block_counts.add(booted.counts)
            try:
                yield booted.machine, booted.line, booted.hash
            except BaseException:
                self.prefixes.drop(case.prefix, seed)
                raise
            if case.guest.expect.counters & WATCHED:
                self.prefixes.drop(case.prefix, seed)
            return
        config = seeded(case.guest, seed)
        machine = self._made(case, config)
        if self._count is not None:
            self._count(machine)
        try:
            yield machine, self._line, ""
        except BaseException:
            self._give_up()
            raise
        machine.breakpoints = ()
        if not reusable(case, config):
            self._give_up()

    def _made(self, case: Case, config: MachineConfig) -> Machine:
        key = replace(config, kernel=None, base=None)
        if self._machine is not None and self._made_for == key and case.guest.base is None:
            _begin(self._line, case)
            try:
                self._machine.renew(case.guest.elf)
            except BaseException:
                self._give_up()
                raise
            if states(self._machine) == self._fresh:
                return self._machine
        self._give_up()
        self._line = Line(case.guest.max_console)
        _begin(self._line, case)
        self._machine, self._made_for = Machine(replace(config, channel=self._line)), key
        self._fresh = states(self._machine) if not case.guest.input else None
        return self._machine

    def _give_up(self) -> None:
        machine, self._machine, self._made_for = self._machine, None, None
        if machine is not None:
            machine.close()

    def close(self) -> None:
        self._give_up()
        self.prefixes.close()


def states(machine: Machine) -> dict[str, Any]:
    """Of every device. Some keep what they hold over a reset (flash, a clock that was set): then the machine differs."""
    return {name: device.state for name, device in machine.devices.items()}


def reusable(case: Case, config: MachineConfig) -> bool:
    """Whether a reset leaves nothing of the case behind."""
    kept = config.virtio or config.drives or case.guest.expect.counters & WATCHED
    return not kept and config.clock == "virtual"


def _begin(line: Line, case: Case) -> None:
    """An empty console, and what this case types."""
    guest, expect = case.guest, case.guest.expect
    line.limit, line.stop = guest.max_console, _nothing
    line.begin(guest.input, guest.prompts, expect.forbidden, expect.console if expect.until_console else ())


def _nothing() -> None:
    """No machine runs."""
