"""Counts with names: exits by reason, device, register and symbol; traps and interrupts by cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from emu.debug.devices import Access, device_at
from emu.debug.exits import Event, call_of
from emu.registers import Direction, locate, registers_of
from emu.statistics.latency import Latency
from emu.statistics.records import BUCKETS, OTHERS
from emu.symbols import SymbolTable
from isa.contract import Isa

if TYPE_CHECKING:
    from emu.machine import Machine
    from emu.statistics.meter import Meter

MANY: Final = "(others)"
"""The name of what was too much to be told apart."""
_WRITES: Final = (Event.MMIO_WRITE, Event.IO_WRITE)
_PORTS: Final = (Event.IO_READ, Event.IO_WRITE)
_ACCESSES: Final = (Event.MMIO_READ, Event.MMIO_WRITE, *_PORTS)
_FAULTS: Final = {1: "read", 2: "write", 4: "fetch"}


@dataclass(slots=True)
class Spread:
    """How a number is distributed. `least` and `most` mean nothing while `count` is 0; `histogram` as
    `emu.statistics.records.BUCKETS` says."""

    count: int = 0
    sum: int = 0
    least: int = 0
    most: int = 0
    histogram: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    @property
    def mean(self) -> float:
        return self.sum / self.count if self.count else 0.0

    def add(self, other: Spread) -> None:
        if not other.count:
            return
        self.least = min(self.least, other.least) if self.count else other.least
        self.most = max(self.most, other.most)
        self.count += other.count
        self.sum += other.sum
        self.histogram = [a + b for a, b in zip(self.histogram, other.histogram, strict=True)]


@dataclass(frozen=True, slots=True)
class ExitKey:
    """`device` and `register` are empty where an exit is no access; `register` names the call of a hypercall."""

    reason: str
    device: str
    register: str
    symbol: str


@dataclass(frozen=True, slots=True)
class TrapKey:
    """`kind`: trap, interrupt, or fault: an access that nothing backs, before the trap that the guest gets for it."""

    kind: str
    cause: str


@dataclass(slots=True)
class ExitCount:
    """`between`: instructions that the vCPU ran since its VM exit before. `host`: ns that Python took to answer;
    exits that native code answered have none."""

    count: int = 0
    between: Spread = field(default_factory=Spread)
    host: Spread = field(default_factory=Spread)


@dataclass(slots=True)
class TrapCount:
    """`between`: since the vCPU's trap or interrupt before. `latency`: of interrupts, instructions from the raise of
    their line to their delivery, where the raise is known."""

    count: int = 0
    between: Spread = field(default_factory=Spread)
    latency: Spread = field(default_factory=Spread)


@dataclass(slots=True)
class Summary:
    """Most frequent first. `instructions` retired and guest time are those of the end."""

    exits: dict[ExitKey, ExitCount]
    traps: dict[TrapKey, TrapCount]
    instructions: int
    guest_ns: int

    @property
    def exit_count(self) -> int:
        return sum(each.count for each in self.exits.values())

    @property
    def trap_count(self) -> int:
        return sum(each.count for each in self.traps.values())


def summary(meter: Meter, symbols: SymbolTable) -> Summary:
    """What `meter` has counted, code by the names that `symbols` have. From any thread."""
    machine = meter.machine
    exits: dict[ExitKey, ExitCount] = {}
    traps: dict[TrapKey, TrapCount] = {}
    place = cache(partial(_place, machine))
    for entry in meter.entries:
        kind, address, count = Event(int(entry["kind"])), int(entry["address"]), int(entry["count"])
        between = _spread(count, entry["sum"], entry["least"], entry["most"], entry["between"])
        if kind <= Event.CRASH:
            key = ExitKey(kind.text, *place(kind, address), _code(symbols, int(entry["pc"])))
            exit = exits.setdefault(key, ExitCount())
            exit.count += count
            exit.between.add(between)
            exit.host.add(
                _spread(
                    int(entry["timed"]),
                    entry["host_sum"],
                    entry["host_least"],
                    entry["host_most"],
                    entry["host"],
                )
            )
        else:
            cause = TrapKey(kind.text, _cause(machine.isa, kind, address))
            trap = traps.setdefault(cause, TrapCount())
            trap.count += count
            trap.between.add(between)
            latency = meter.latencies.by_cause.get(address) if kind is Event.INTERRUPT else None
            if latency is not None:
                trap.latency.add(_latency(latency))
    return Summary(_sorted(exits), _sorted(traps), machine.retired, machine.now_ns)


def _sorted(counts: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(sorted(counts.items(), key=lambda item: -item[1].count))


def _spread(count: int, total: int, least: int, most: int, histogram: Sequence[int]) -> Spread:
    return Spread(count, int(total), int(least), int(most), [int(each) for each in histogram])


def _latency(found: Latency) -> Spread:
    return Spread(found.count, found.sum, found.least, found.most, list(found.histogram))


def _code(symbols: SymbolTable, pc: int) -> str:
    if pc == OTHERS:
        return MANY
    symbol = symbols.at(pc)
    return f"{pc:#x}" if symbol is None else symbol.name


def _place(machine: Machine, kind: Event, address: int) -> tuple[str, str]:
    """(device, register) of an exit."""
    if address == OTHERS:
        return MANY, ""
    if kind in _ACCESSES:
        found = device_at(machine, Access(address, 1, kind in _WRITES, port=kind in _PORTS))
        if found is None:
            return "nothing", f"{address:#x}"
        offset, device = found
        direction = Direction.WRITE if kind in _WRITES else Direction.READ
        located = locate(registers_of(device), offset, direction, lambda _: None)
        return device.name, f"+{offset:#x}" if located is None else located.name
    if kind in (Event.SYSREG_READ, Event.SYSREG_WRITE):
        register = next((each for each in machine.isa.registers if each.number == address), None)
        return "cpu", f"{address:#x}" if register is None else register.name
    if kind is Event.HYPERCALL:
        number, extension = call_of(address)
        return "vmm" if extension is None else "firmware", machine.isa.call_name(number, extension)
    if kind is Event.CRASH:
        return "cpu", machine.isa.vector_name(address)
    if kind is Event.UNMAPPED:
        return "nothing", f"{address:#x}"
    if kind in (Event.CPU_UP, Event.SEND_IPI):
        return "cpu", str(address)
    return "", ""


def _cause(isa: Isa, kind: Event, address: int) -> str:
    if address == OTHERS:
        return MANY
    if kind is Event.FAULT:
        return f"{_FAULTS.get(address, 'access')} of nothing"
    return isa.vector_name(address, interrupt=kind is Event.INTERRUPT)
