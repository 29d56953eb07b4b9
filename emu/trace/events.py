"""Exits, exceptions and interrupts of a run, as rows of a trace: the machine's `emu.observer.Meter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from emu.answer import Vm, answer
from emu.debug.exits import Event, ExitLog, Recorder
from emu.debug.exits import Rows as ExitRows
from emu.trace.rows import Batch, Column, Kind, Names

if TYPE_CHECKING:
    from collections.abc import Callable

    from axvcpu.exits import AxVCpuExitReason, MmioRead, MmioWrite
    from emu.machine import Machine
    from emu.outcome import Outcome
    from emu.schedule import Vcpu

_ACCESSES: Final = (Event.MMIO_READ, Event.MMIO_WRITE)
_KINDS: Final = np.full(256, Kind.EXIT, np.uint8)
_KINDS[Event.TRAP] = Kind.EXCEPTION
_KINDS[Event.INTERRUPT] = Kind.INTERRUPT
_KINDS[Event.PRIVILEGE] = Kind.CONTEXT
_BEFORE: Final = np.zeros(256, bool)
for _event in (Event.TRAP, Event.INTERRUPT, Event.PRIVILEGE, Event.HALT):
    _BEFORE[_event] = True
_FOREVER: Final = 1 << 62


class Events:
    """What happened besides instructions, until it is taken. `seen` are the kinds of rows that are wanted."""

    def __init__(self, machine: Machine, names: Names) -> None:
        self._machine, self._names = machine, names
        self._log = ExitLog(_FOREVER)
        self._recorder = Recorder(machine, self._log)
        self.lines: Final[list[str]] = []
        self._line = b""
        self._said: list[tuple[int, int, int, int]] = []
        self._known: dict[tuple[int, int], int] = {}
        self._waiting: tuple[Batch, Column] = Batch.made(0), np.zeros(0, bool)

    # -- what the machine tells ---------------------------------------------------------------------------------------

    def rows(self, vcpu: Vcpu, rows: ExitRows) -> None:
        self._recorder.rows(vcpu, rows)

    def answer(self, exit: AxVCpuExitReason, vcpu: Vcpu, vm: Vm) -> Outcome | None:
        self._recorder.exit(vcpu, exit)
        return answer(exit, vcpu, vm)

    def access(
        self, exit: MmioRead | MmioWrite, vcpu: Vcpu, access: Callable[[MmioRead | MmioWrite], int]
    ) -> int:
        return access(exit)

    def inside(self, vcpu: Vcpu, exit: AxVCpuExitReason, value: int) -> None:
        self._recorder.inside(vcpu, exit, value)

    def driven(self, vcpu: Vcpu, number: int, level: bool) -> None:
        """A trace has no rows of lines."""

    def reset(self) -> None:
        """The counts of all vCPUs go on from those of the machine."""

    def hear(self, data: bytes) -> None:
        """The guest has written to its console."""
        self._line += data
        while b"\n" in self._line:
            line, _, self._line = self._line.partition(b"\n")
            machine = self._machine
            vcpu = machine.schedule.current
            self._said.append((machine.retired, vcpu.id, vcpu.arch.pc, len(self.lines)))
            self.lines.append(line.decode(errors="replace").rstrip("\r"))

    # -- rows ---------------------------------------------------------------------------------------------------------

    def taken(self, end: int) -> tuple[Batch, Column]:
        """The rows since the last time that come before instruction `end`, in order, and which of them come before the
        instruction of their number."""
        self._gather()
        batch, before = self._waiting
        done = (batch.insn < np.uint64(end)) | before & (batch.insn == np.uint64(end))
        self._waiting = batch.take(~done), before[~done]
        return (batch, before) if done.all() else (batch.take(done), before[done])

    def trapped(self) -> Column:
        """Numbers of the instructions that were not reached by the one before them."""
        self._gather()
        batch, _ = self._waiting
        found: Column = batch.insn[(batch.kind == Kind.EXCEPTION) | (batch.kind == Kind.INTERRUPT)]
        return found

    def _gather(self) -> None:
        self._recorder.settle()
        parts = [rows.copy() for _, rows in self._log.parts()]
        self._log.clear()
        if parts:
            self._add(*self._rows(np.concatenate(parts)))
        if self._said:
            said, self._said = np.array(self._said, np.uint64), []
            insn, vcpu, pc, value = said.T
            batch = Batch.made(len(said), insn=insn, vcpu=vcpu, kind=Kind.CONSOLE, pc=pc, value=value)
            self._add(batch, np.zeros(len(said), bool))

    def _add(self, batch: Batch, before: Column) -> None:
        before = np.concatenate([self._waiting[1], before])
        batch = Batch.joined([self._waiting[0], batch])
        order = np.lexsort((~before, batch.insn))
        self._waiting = batch.take(order), before[order]

    def _rows(self, rows: ExitRows) -> tuple[Batch, Column]:
        kinds, causes = _KINDS[rows["kind"]], rows["kind"] >= Event.TRAP
        privilege = rows["kind"] == Event.PRIVILEGE
        batch = Batch.made(
            len(rows),
            insn=rows["instruction"],
            vcpu=rows["vcpu"],
            kind=kinds,
            pc=rows["pc"],
            address=rows["address"],
            value=np.where(privilege, rows["level"], rows["value"]),
            size=np.where(causes & ~privilege, rows["level"], rows["width"]),
            what=self._named(rows),
        )
        return batch, _BEFORE[rows["kind"]]

    def _named(self, rows: ExitRows) -> Column:
        keys = np.zeros(len(rows), [("kind", "u8"), ("address", "u8")])
        keys["kind"], keys["address"] = rows["kind"], rows["address"]
        few, where = np.unique(keys, return_inverse=True)
        numbers = [self._number(kind, address) for kind, address in few.tolist()]
        return np.array(numbers, np.uint16)[where]

    def _number(self, kind: int, address: int) -> int:
        key = kind, address
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._names.number(self._name(Event(kind), address))
        return found

    def _name(self, event: Event, address: int) -> str:
        isa = self._machine.isa
        if event in (Event.TRAP, Event.INTERRUPT):
            return isa.vector_name(address, interrupt=event is Event.INTERRUPT)
        if event is Event.PRIVILEGE:
            return "privilege"
        if event in _ACCESSES:
            for base, size, device in self._machine.windows:
                if base <= address < base + size:
                    named = next((n for n, each in self._machine.devices.items() if each is device), None)
                    return f"{event.text} {named}" if named else event.text
        return event.text
