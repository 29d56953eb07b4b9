"""Statistics of a machine that runs: its `emu.observer.Meter`.

Theory: an exit that native code answers is a row of its log and costs nothing else; one that Python answers is noted as
a row of the same kind, with the host time of its answer. Rows are gathered, put in order by the vCPU's count of
instructions, and folded by compiled code into counts, one entry for each (kind, address, pc). Names come later: they
cost a look-up for each entry, not for each exit.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from axvcpu.exits import AxVCpuExitReason, MmioRead, MmioWrite
from emu.answer import Vm, answer
from emu.debug.exits import WORD, Event, facts_of
from emu.engine.words import PC, RETIRED
from emu.observer import Wish
from emu.outcome import Outcome
from emu.statistics.latency import Latencies
from emu.statistics.records import ENTRY, FOLD, LEFT, STREAMS
from isa.records import LOG_ENTRY, LOG_INTERRUPT

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.schedule import Vcpu

Rows = NDArray[Any]
GATHER: Final = 1 << 13
"""Rows that are gathered before they are folded."""
AT_ONCE: Final = 1 << 8
"""So many rows that come together are folded where they are: to copy them takes longer."""
MOST: Final = 1 << 14
"""Entries that are told apart."""


class Meter:
    """Counts what `machine` does from now on, until `close`: a context manager. `most` entries are told apart; what
    comes then is counted as OTHERS of its kind."""

    def __init__(self, machine: Machine, most: int = MOST) -> None:
        from emu.statistics.native import fold  # noqa: PLC0415 - loads compiled code

        self.machine: Final = machine
        self._fold = fold
        room = most + len(Event)  # of each kind one more, for those that were too many
        self._entries = np.zeros(room, ENTRY)  # pages that nobody touches cost nothing
        self._slots = np.zeros(1 << (4 * room).bit_length(), np.uint64)
        self._record = np.zeros(1, FOLD)
        record = self._record[0]
        record["entries"], record["most"] = self._entries.ctypes.data, most
        record["slots"], record["slots_mask"] = self._slots.ctypes.data, len(self._slots) - 1
        count = len(machine.vcpus)
        self._last = [np.zeros(STREAMS, np.uint64) for _ in range(count)]
        self._rows: list[list[Rows]] = [[] for _ in range(count)]
        self._left: list[list[int]] = [[] for _ in range(count)]
        self._within = [False] * count  # of `_left`, some may have come after rows that are not told yet
        self._gathered = 0
        self.latencies: Final = Latencies(machine.isa, count)
        self.refresh = False  # set by another thread that wants what is gathered to be counted
        machine.observe(self, Wish(traps=True, answered=True, timed=True))

    def close(self) -> None:
        self.settle()
        self.machine.observe(None)

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    @property
    def entries(self) -> Rows:
        """A copy of what is counted so far, in the order of first appearance. From any thread."""
        return self._entries[: int(self._record[0]["used"])].copy()

    # -- what the machine tells ---------------------------------------------------------------------------------------

    def rows(self, vcpu: Vcpu, rows: Rows) -> None:
        number = vcpu.id
        if len(rows) >= AT_ONCE and not self._within[number]:
            self._count_gathered(number)  # all of it came before
            self._count(number, rows)
            return
        self._rows[number].append(rows.copy())
        self._gathered += len(rows)
        if self._gathered >= GATHER or self.refresh:
            self.settle()

    def answer(self, exit: AxVCpuExitReason, vcpu: Vcpu, vm: Vm) -> Outcome | None:
        facts = facts_of(exit)
        if facts is None:
            if self.refresh:
                self.settle()
            return answer(exit, vcpu, vm)
        words = vcpu.arch.words
        pc, retired = words[PC], words[RETIRED]
        begin = perf_counter_ns()
        outcome = answer(exit, vcpu, vm)
        taken = perf_counter_ns() - begin
        self._left[vcpu.id] += (LEFT + facts[0], retired, pc, taken, facts[1] & WORD, 0)
        self._gathered += 1
        if self._gathered >= GATHER or self.refresh:
            self.settle()
        return outcome

    def access(
        self, exit: MmioRead | MmioWrite, vcpu: Vcpu, access: Callable[[MmioRead | MmioWrite], int]
    ) -> int:
        arch = vcpu.arch
        pc, retired = arch.pc, arch.retired
        begin = perf_counter_ns()
        value = access(exit)
        taken = perf_counter_ns() - begin
        kind = Event.MMIO_READ if type(exit) is MmioRead else Event.MMIO_WRITE
        self._within[vcpu.id] = True
        self._left[vcpu.id] += (LEFT + kind, retired, pc, taken, exit.addr, 0)
        self._gathered += 1
        return value

    def inside(self, vcpu: Vcpu, exit: AxVCpuExitReason, value: int) -> None:
        """`access` has noted it."""

    def driven(self, vcpu: Vcpu, number: int, level: bool) -> None:
        self.latencies.driven(vcpu.id, number, level, vcpu.arch.retired)
        self._gathered += 1

    def reset(self) -> None:
        self.settle()
        self.latencies.reset()
        for last in self._last:
            last[:] = 0

    # -- counting -----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Count what has been gathered. On the thread that runs the machine."""
        self.refresh = False
        self._gathered = 0
        for number in range(len(self._rows)):
            self._count_gathered(number)
            self.latencies.settle(number, self.machine.vcpus[number].arch.retired)

    def _count_gathered(self, number: int) -> None:
        """What is held of one vCPU."""
        rows, left = self._rows[number], self._left[number]
        for part in _in_order(rows, left) if left else rows:
            self._count(number, part)
        rows.clear()
        left.clear()
        self._within[number] = False

    def _count(self, number: int, rows: Rows) -> None:
        record = self._record[0]
        record["rows"], record["count"] = rows.ctypes.data, len(rows)
        record["last"] = self._last[number].ctypes.data
        self._fold(self._record.ctypes.data)
        if not record["interrupts"]:
            return
        interrupts = rows[rows["kind"] == LOG_INTERRUPT]
        for cause, retired in zip(interrupts["cause"].tolist(), interrupts["retired"].tolist(), strict=True):
            self.latencies.delivered(number, cause, retired)


def _in_order(rows: list[Rows], left: list[int]) -> list[Rows]:
    """The rows of native code, and those of exits that Python answered, in the order of instructions."""
    answered = np.array(left, np.uint64).view(LOG_ENTRY)
    if not rows:
        return [answered]
    native = np.concatenate(rows)
    at = np.searchsorted(native["retired"], answered["retired"], side="right")
    return [np.insert(native, at, answered)]
