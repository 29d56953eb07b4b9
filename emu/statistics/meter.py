"""Statistics of a machine that runs: its `emu.observer.Meter`.

Theory: everything is counted where it happens, by compiled code, in one entry for each (kind, address, pc): an exit that
native code answers by native code itself; one that Python answers as soon as it is answered, with the host time of that;
traps and interrupts from the rows of native code's log. Names come later: they cost a look-up for each entry, not for
each exit.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from axvcpu.exits import AxVCpuExitReason, MmioRead, MmioWrite
from emu.answer import Vm, answer
from emu.debug.exits import WORD, Event, facts_of
from emu.engine.words import PC, RETIRED
from emu.observer import NativeCounter, Wish
from emu.outcome import Outcome
from emu.statistics.latency import Latencies
from emu.statistics.records import ENTRY, FOLD, OTHERS, TABLE
from isa.records import LOG_INTERRUPT

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.schedule import Vcpu

Rows = NDArray[Any]
MOST: Final = 1 << 14
"""Entries that are told apart."""
_PUT: Final = Struct("=5Q").pack_into
"""kind, address, pc, host, retired: how a FOLD begins."""


class Meter:
    """Counts what `machine` does from now on, until `close`: a context manager. `most` entries are told apart; what
    comes then is counted as OTHERS of its kind."""

    def __init__(self, machine: Machine, most: int = MOST) -> None:
        from emu.statistics import native  # noqa: PLC0415 - loads compiled code

        self.machine: Final = machine
        self._count_answered, self._count_logged = native.count_answered, native.count_logged
        room = most + len(Event)  # of each kind one more, for those that were too many
        self._entries = np.zeros(room + 1, ENTRY)  # pages that nobody touches cost nothing
        self._entries[room]["kind"] = OTHERS  # the one counted last, when none has been counted
        self._slots = np.zeros(1 << (4 * room).bit_length(), np.uint64)
        self._table = np.zeros(1, TABLE)
        table = self._table[0]
        table["entries"], table["most"], table["recent"] = self._entries.ctypes.data, most, room
        table["slots"], table["slots_mask"] = self._slots.ctypes.data, len(self._slots) - 1
        count = len(machine.vcpus)
        self._folds = np.zeros(count, FOLD)
        self._folds["table"] = self._table.ctypes.data
        begin = int(self._folds.ctypes.data)
        self._places = tuple(range(begin, begin + count * FOLD.itemsize, FOLD.itemsize))
        self._bytes = memoryview(self._folds.view(np.uint8).data)
        self.latencies: Final = Latencies(machine.isa, count)
        counter = NativeCounter(native.COUNT_ACCESS, self._places)
        machine.observe(self, Wish(traps=True, timed=True, counter=counter))

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
        return self._entries[: int(self._table[0]["used"])].copy()

    # -- what the machine tells ---------------------------------------------------------------------------------------

    def rows(self, vcpu: Vcpu, rows: Rows) -> None:
        number = vcpu.id
        fold = self._folds[number]
        fold["rows"], fold["count"] = rows.ctypes.data, len(rows)
        self._count_logged(self._places[number])
        if fold["interrupts"]:
            interrupts = rows[rows["kind"] == LOG_INTERRUPT]
            for cause, retired in zip(
                interrupts["cause"].tolist(), interrupts["retired"].tolist(), strict=True
            ):
                self.latencies.delivered(number, cause, retired)

    def answer(self, exit: AxVCpuExitReason, vcpu: Vcpu, vm: Vm) -> Outcome | None:
        facts = facts_of(exit)
        if facts is None:
            return answer(exit, vcpu, vm)
        words = vcpu.arch.words
        pc, retired = words[PC], words[RETIRED]
        begin = perf_counter_ns()
        outcome = answer(exit, vcpu, vm)
        self._note(vcpu.id, facts[0], facts[1] & WORD, pc, perf_counter_ns() - begin, retired)
        return outcome

    def access(
        self, exit: MmioRead | MmioWrite, vcpu: Vcpu, access: Callable[[MmioRead | MmioWrite], int]
    ) -> int:
        words = vcpu.arch.words
        pc, retired = words[PC], words[RETIRED]
        begin = perf_counter_ns()
        value = access(exit)
        kind = Event.MMIO_READ if type(exit) is MmioRead else Event.MMIO_WRITE
        self._note(vcpu.id, kind, exit.addr, pc, perf_counter_ns() - begin, retired)
        return value

    def inside(self, vcpu: Vcpu, exit: AxVCpuExitReason, value: int) -> None:
        """`access` has noted it."""

    def driven(self, vcpu: Vcpu, number: int, level: bool) -> None:
        self.latencies.driven(vcpu.id, number, level, vcpu.arch.retired)

    def reset(self) -> None:
        self.settle()
        self.latencies.reset()
        self._folds["last_exit"] = self._folds["last_trap"] = 0

    def settle(self) -> None:
        """What has happened so far is counted. On the thread that runs the machine."""
        for number, vcpu in enumerate(self.machine.vcpus):
            self.latencies.settle(number, vcpu.arch.retired)

    def _note(self, number: int, kind: int, address: int, pc: int, host: int, retired: int) -> None:
        _PUT(self._bytes, number * FOLD.itemsize, kind, address, pc, host, retired)
        self._count_answered(self._places[number])
