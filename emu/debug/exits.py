"""The exit table: every VM exit of a run, and what the guest's own traps were, in the order in which they came.

Columns, not objects: a million rows are some 60 MB, and a filter is a few numpy operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from axvcpu.exits import (
    AxVCpuExitReason,
    CpuDown,
    CpuUp,
    FailEntry,
    GuestException,
    Halt,
    Hypercall,
    IoRead,
    IoWrite,
    MmioRead,
    MmioWrite,
    NestedPageFault,
    SendIpi,
    SysRegRead,
    SysRegWrite,
    SystemDown,
)
from isa.records import LOG_INTERRUPT, LOG_LEVEL, LOG_READ, LOG_TRAP, LOG_UNMAPPED, LOG_WRITE

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.schedule import Vcpu

Rows = NDArray[Any]


class Event(IntEnum):
    """What a row is. Up to CRASH they are VM exits and have a number."""

    MMIO_READ = 1
    MMIO_WRITE = 2
    IO_READ = 3
    IO_WRITE = 4
    SYSREG_READ = 5
    SYSREG_WRITE = 6
    HYPERCALL = 7
    CPU_UP = 8
    CPU_DOWN = 9
    SYSTEM_DOWN = 10
    SEND_IPI = 11
    HALT = 12
    UNMAPPED = 13
    CRASH = 14
    TRAP = 20
    INTERRUPT = 21
    PRIVILEGE = 22
    FAULT = 23  # an access that nothing backs, answered by the guest's own fault

    @property
    def text(self) -> str:
        return self.name.lower().replace("_", "-")


ROW: Final = np.dtype(
    [
        ("number", "u8"),  # of the VM exit; of another row, that of the last exit before it
        ("instruction", "u8"),  # retired by all vCPUs before it
        ("time", "u8"),  # guest time in ns
        ("pc", "u8"),
        ("address", "u8"),  # guest-physical, a port, a system register, a call (`call_word`)
        ("value", "u8"),  # read or written; of a call its first argument, of a trap its value
        ("kind", "u1"),
        ("vcpu", "u1"),
        ("width", "u1"),
        ("level", "u1"),
    ]
)
VM_EXITS: Final = frozenset(
    {
        "MmioRead", "MmioWrite", "IoRead", "IoWrite", "SysRegRead", "SysRegWrite", "Hypercall", "CpuUp", "CpuDown",
        "SystemDown", "SendIpi", "Halt", "NestedPageFault", "GuestException", "FailEntry", "native",
    }
)  # fmt: skip
"""What of `Machine.exits` counts as a VM exit: what the guest did, not what the run loop wanted."""
_BULK: Final = {
    LOG_TRAP: Event.TRAP,
    LOG_INTERRUPT: Event.INTERRUPT,
    LOG_UNMAPPED: Event.FAULT,
    LOG_READ: Event.MMIO_READ,
    LOG_WRITE: Event.MMIO_WRITE,
    LOG_LEVEL: Event.PRIVILEGE,
}
_KINDS: Final = np.zeros(max(_BULK) + 1, np.uint8)
for _number, _event in _BULK.items():
    _KINDS[_number] = _event
CHUNK: Final = 1 << 16
WORD: Final = (1 << 64) - 1
CALL: Final = (1 << 32) - 1


def call_word(number: int, extension: int | None) -> int:
    """A call's number, with its extension plus one above bit 32."""
    high = 0 if extension is None else (extension & CALL) + 1
    return number & CALL | high << 32


def call_of(word: int) -> tuple[int, int | None]:
    """(number, extension) of what `call_word` made."""
    high = word >> 32
    return word & CALL, high - 1 if high else None


def exit_count(machine: Machine) -> int:
    """VM exits since the machine was made, those included that native code answered."""
    return sum(count for name, count in machine.exits.items() if name in VM_EXITS)


@dataclass(frozen=True, slots=True)
class ExitRow:
    """One row as Python values; the fields of ROW."""

    index: int
    number: int
    instruction: int
    time: int
    pc: int
    address: int
    value: int
    kind: Event
    vcpu: int
    width: int
    level: int


class ExitLog:
    """The table. `limit`: the most rows it keeps; the oldest go first, and `dropped` counts them."""

    def __init__(self, limit: int = 4_000_000) -> None:
        self._limit = limit
        self._chunks: list[Rows] = []
        self._used = CHUNK  # of the last chunk
        self.dropped = 0

    def __len__(self) -> int:
        """Rows so far, dropped ones included: the index of the next."""
        return self.dropped + max(len(self._chunks) - 1, 0) * CHUNK + (self._used if self._chunks else 0)

    def __getitem__(self, index: int) -> ExitRow:
        """Raises IndexError for a row that is dropped or not there yet."""
        if not self.dropped <= index < len(self):
            raise IndexError(index)
        chunk, at = divmod(index - self.dropped, CHUNK)
        number, instruction, time, pc, address, value, kind, vcpu, width, level = self._chunks[chunk][
            at
        ].tolist()
        return ExitRow(index, number, instruction, time, pc, address, value, Event(kind), vcpu, width, level)

    def clear(self) -> None:
        self._chunks, self._used, self.dropped = [], CHUNK, 0

    def add(self, *values: int) -> int:
        """One row, its fields in the order of ROW; its index."""
        if self._used == CHUNK:
            self._grow()
        self._chunks[-1][self._used] = values
        self._used += 1
        return len(self) - 1

    def extend(self, rows: Rows) -> None:
        at = 0
        while at < len(rows):
            if self._used == CHUNK:
                self._grow()
            count = min(CHUNK - self._used, len(rows) - at)
            self._chunks[-1][self._used : self._used + count] = rows[at : at + count]
            self._used, at = self._used + count, at + count

    def _grow(self) -> None:
        self._chunks.append(np.zeros(CHUNK, ROW))
        self._used = 0
        while (len(self._chunks) - 1) * CHUNK >= self._limit:
            self._chunks.pop(0)
            self.dropped += CHUNK

    def set_value(self, index: int, value: int) -> None:
        """What a read got, known when it was answered."""
        if index >= self.dropped:
            chunk, at = divmod(index - self.dropped, CHUNK)
            self._chunks[chunk][at]["value"] = value & WORD

    def parts(self, start: int = 0) -> Iterator[tuple[int, Rows]]:
        """(index of the first, rows) of all rows from index `start` on, in order: views, not copies."""
        for number, chunk in enumerate(self._chunks):
            first = self.dropped + number * CHUNK
            used = self._used if number == len(self._chunks) - 1 else CHUNK
            skip = max(start - first, 0)
            if skip < used:
                yield first + skip, chunk[skip:used]

    def select(self, wanted: Callable[[Rows], NDArray[np.bool_]], start: int = 0) -> NDArray[np.int64]:
        """Indices of the rows from `start` on for which `wanted` (rows -> mask) is true."""
        found = [np.nonzero(wanted(rows))[0] + first for first, rows in self.parts(start)]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def last(self, count: int) -> list[ExitRow]:
        """The last rows, oldest first."""
        return [self[index] for index in range(max(len(self) - count, self.dropped), len(self))]

    def before(self, instruction: int) -> int:
        """How many rows came before the instruction with this number."""
        low, high = self.dropped, len(self)
        while low < high:
            middle = (low + high) // 2
            if self[middle].instruction < instruction:
                low = middle + 1
            else:
                high = middle
        return low


class Recorder:
    """Writes a machine's exits into an ExitLog, in order."""

    def __init__(self, machine: Machine, log: ExitLog) -> None:
        self.machine, self.log = machine, log
        self._open: tuple[int, Vcpu] | None = None  # the row of a read that is being answered
        self.count = exit_count(machine)

    def resume(self) -> None:
        """The machine goes on, perhaps after it ran without this recorder."""
        self.count = exit_count(self.machine)

    def rows(self, vcpu: Vcpu, rows: Rows) -> None:
        """Rows of native code."""
        self.settle()
        machine, schedule = self.machine, self.machine.schedule
        found = np.zeros(len(rows), ROW)
        kinds = _KINDS[rows["kind"]]
        others = np.uint64(schedule.retired - vcpu.arch.retired)
        exits = (kinds <= Event.CRASH).astype(np.uint64)
        found["number"] = np.uint64(self.count) + np.cumsum(exits)
        self.count += int(exits.sum())
        found["instruction"] = rows["retired"] + others
        found["time"] = machine.now_ns
        if schedule.host_start is None:
            found["time"] -= (np.uint64(vcpu.arch.retired) - rows["retired"]) << np.uint64(schedule.shift)
        found["pc"] = rows["pc"]
        accesses = kinds <= Event.MMIO_WRITE
        found["address"] = np.where(accesses, rows["value"], rows["cause"])
        found["value"] = np.where(accesses, rows["level"], rows["value"])
        found["kind"], found["vcpu"] = kinds, vcpu.id
        found["width"] = np.where(accesses, rows["cause"], 0)
        found["level"] = np.where(accesses, 0, rows["level"] & np.uint64(0xFF))
        self.log.extend(found)

    def exit(self, vcpu: Vcpu, exit: AxVCpuExitReason) -> None:
        """An exit that Python answers next."""
        facts = facts_of(exit)
        if facts is None:
            return
        self.settle()
        kind, address, value, width = facts
        self.count += 1
        index = self._add(vcpu, kind, address, value, width)
        if kind in (Event.MMIO_READ, Event.IO_READ, Event.SYSREG_READ):
            self._open = index, vcpu

    def inside(self, vcpu: Vcpu, exit: AxVCpuExitReason, value: int) -> None:
        """An access that was answered within the guest."""
        facts = facts_of(exit)
        if facts is not None:
            self.settle()
            kind, address, written, width = facts
            self.count += 1
            self._add(vcpu, kind, address, value if kind == Event.MMIO_READ else written, width)

    def settle(self) -> None:
        """Note what the last read got, now that it has been answered."""
        if self._open is not None:
            (index, vcpu), self._open = self._open, None
            self.log.set_value(index, vcpu.arch.answered)

    def _add(self, vcpu: Vcpu, kind: Event, address: int, value: int, width: int) -> int:
        machine, arch = self.machine, vcpu.arch
        return self.log.add(
            self.count,
            machine.retired,
            machine.now_ns,
            arch.pc & WORD,
            address & WORD,
            value & WORD,
            kind,
            vcpu.id,
            width,
            0,
        )


def facts_of(exit: AxVCpuExitReason) -> tuple[Event, int, int, int] | None:
    """(kind, address, value, width) of an exit that is the guest's doing, None of another one."""
    match exit:
        case MmioRead():
            return Event.MMIO_READ, exit.addr, 0, exit.width
        case MmioWrite():
            return Event.MMIO_WRITE, exit.addr, exit.data, exit.width
        case IoRead():
            return Event.IO_READ, exit.port, 0, exit.width
        case IoWrite():
            return Event.IO_WRITE, exit.port, exit.data, exit.width
        case SysRegRead():
            return Event.SYSREG_READ, exit.addr, 0, 0
        case SysRegWrite():
            return Event.SYSREG_WRITE, exit.addr, exit.value, 0
        case Hypercall():
            return Event.HYPERCALL, call_word(exit.nr, exit.extension), exit.args[0], 0
        case CpuUp():
            return Event.CPU_UP, exit.target_cpu, exit.entry_point, 0
        case CpuDown():
            return Event.CPU_DOWN, 0, exit.state, 0
        case SystemDown():
            return Event.SYSTEM_DOWN, 0, exit.code, 0
        case SendIpi():
            return Event.SEND_IPI, exit.target_cpu, exit.target_cpu_aux, 0
        case Halt():
            return Event.HALT, 0, 0, 0
        case NestedPageFault():
            return Event.UNMAPPED, exit.addr, int(exit.access_flags), 0
        case GuestException():
            return Event.CRASH, exit.vector, exit.fault_address or 0, 0
        case FailEntry():
            return Event.CRASH, exit.hardware_entry_failure_reason, 0, 0
        case _:
            return None
