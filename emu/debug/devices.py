"""What an access to a device was about, and what all devices hold: names of registers and fields instead of numbers.

Everything is looked at by `peek`: the guest cannot notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from axvcpu.exits import AxVCpuExitReason, IoRead, IoWrite, MmioRead, MmioWrite, SysRegRead, SysRegWrite
from emu.board import Slot
from emu.debug.exits import Event, ExitLog, ExitRow
from emu.debug.interrupts import LineView, SourceView, line_of, source_text, sources_of, sources_text
from emu.debug.queues import QueueView, queues_of
from emu.device import Device
from emu.registers import (
    DeviceRegister,
    Direction,
    Located,
    Meaning,
    Table,
    decoded,
    hidden_of,
    locate,
    registers_of,
)
from isa.errors import UnknownRegister

if TYPE_CHECKING:
    from emu.machine import Machine

_WRITES: Final = (Event.MMIO_WRITE, Event.IO_WRITE)
_PORTS: Final = (Event.IO_READ, Event.IO_WRITE)
_ACCESSES: Final = (Event.MMIO_READ, Event.MMIO_WRITE, *_PORTS)
FEW: Final = 32
"""Elements of an array that are all shown; of a longer one only those that are not zero."""
REACH: Final = 16
"""Chunks of the exit table that are searched for the last write to a register of modes."""
RAW_WORDS: Final = 16
"""Words that are shown of a device without a table."""


@dataclass(frozen=True, slots=True)
class Access:
    """An access to a device: a guest-physical address, or with `port` a port. `value`: None while it is not known.
    `row` is its index in the exit table, where it is from there."""

    address: int
    width: int
    write: bool
    value: int | None = None
    port: bool = False
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """`register` is empty where the device has no name for that place, `text` where there is nothing to say of the
    value. `offset` is within the device, `value` what the register as a whole got or gave."""

    device: str
    register: str
    offset: int
    width: int
    value: int | None
    text: str
    description: str = ""

    @property
    def name(self) -> str:
        """Such as `uart0.LSR`, `virtio3+0x104`."""
        return f"{self.device}.{self.register}" if self.register else f"{self.device}+{self.offset:#x}"

    def __str__(self) -> str:
        shown = self.name if self.value is None else f"{self.name} = {self.value:#x}"
        return f"{shown} ({self.text})" if self.text else shown


@dataclass(frozen=True, slots=True)
class RegisterView:
    """One register now. `value`: None where nothing shows it (most of those that are only written)."""

    name: str
    offset: int
    width: int
    value: int | None
    text: str
    access: Direction
    description: str


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device now. `port`: its base is a port. `behind`: of a virtio window, what is there. `fault`: what is wrong
    with it, "" for nothing. `line` is where its interrupt goes, `sources` what an interrupt controller has."""

    name: str
    kind: str
    base: int
    size: int
    port: bool
    behind: str
    fault: str
    registers: tuple[RegisterView, ...]
    line: LineView | None
    sources: tuple[SourceView, ...]
    queues: tuple[QueueView, ...]


# -- one access -------------------------------------------------------------------------------------------------------


def access_of(what: ExitRow | AxVCpuExitReason | Access) -> Access | None:
    """The access to a device that an exit, or a row of the exit table, is; None for another one."""
    match what:
        case Access():
            return what
        case ExitRow():
            if what.kind not in _ACCESSES:
                return None
            write, port = what.kind in _WRITES, what.kind in _PORTS
            return Access(what.address, what.width, write, what.value, port, what.index)
        case MmioRead():
            return Access(what.addr, what.width, False)
        case MmioWrite():
            return Access(what.addr, what.width, True, what.data)
        case IoRead():
            return Access(what.port, what.width, False, port=True)
        case IoWrite():
            return Access(what.port, what.width, True, what.data, port=True)
        case _:
            return None


def describe(
    machine: Machine, what: ExitRow | AxVCpuExitReason | Access, log: ExitLog | None = None
) -> Described | None:
    """What an exit is about, None for one that is no access. Where a register depends on a mode (the divisor latch of a
    UART, the selected queue of a virtio device), `log` tells what it was at a row of it; else it is what it is now."""
    access = access_of(what)
    if access is None:
        return _system_register(machine, what)
    found = device_at(machine, access)
    if found is None:
        return Described("nothing", "", access.address, access.width, access.value, "")
    offset, device = found
    table = registers_of(device)
    direction = Direction.WRITE if access.write else Direction.READ
    selected = _selection(device, table, access, access.address - offset, log)
    located = locate(table, offset, direction, selected)
    if located is None:
        return Described(device.name, "", offset, access.width, access.value, "")
    word = None if access.value is None else located.word(access.value, access.width)
    text = "" if word is None else _text(machine, located, word)
    row = located.register
    return Described(device.name, located.name, offset, access.width, word, text, row.description)


def device_at(machine: Machine, access: Access) -> tuple[int, Device] | None:
    """Offset and device of an access; None where no device is."""
    if access.port:
        return machine.ports.find(access.address, access.width)
    window = machine.bus.find(access.address)
    device = None if window is None else window.device
    return None if window is None or device is None else (access.address - window.base, device)


def _system_register(machine: Machine, what: object) -> Described | None:
    value: int | None
    match what:
        case ExitRow(kind=Event.SYSREG_READ | Event.SYSREG_WRITE):
            vcpu, number, value = f"cpu{what.vcpu}", what.address, what.value
        case SysRegRead():
            vcpu, number, value = f"cpu{machine.schedule.current.id}", what.addr, None
        case SysRegWrite():
            vcpu, number, value = f"cpu{machine.schedule.current.id}", what.addr, what.value
        case _:
            return None
    register = next((each for each in machine.isa.registers if each.number == number), None)
    if register is None:
        return Described(vcpu, "", number, 0, value, "")
    text = "" if value is None else decoded(register.fields, value)
    return Described(vcpu, register.name, number, register.bits // 8, value, text)


def _text(machine: Machine, located: Located, word: int) -> str:
    register = located.register
    if register.meaning is Meaning.SOURCE:
        return source_text(machine, word)
    if register.meaning is Meaning.SOURCES:
        return sources_text(machine, word, 32 * (located.index[-1] if located.index else 0))
    return register.text(word)


def _selection(
    device: Device, table: Table, access: Access, base: int, log: ExitLog | None
) -> Callable[[str], int | None]:
    """The value of a register by name, at the time of the access."""
    known: dict[str, int | None] = {}

    def selected(name: str) -> int | None:
        if name not in known:
            past = None if log is None or access.row is None else _written(table, name, access, base, log)
            known[name] = _present(device, table, name) if past is None else past
        return known[name]

    return selected


def _present(device: Device, table: Table, name: str) -> int | None:
    hidden = hidden_of(device)
    if name in hidden:
        return hidden[name]
    row = next((each for each in table if each.name == name), None)
    return None if row is None else device.peek(row.offset, row.width)


def _written(table: Table, name: str, access: Access, base: int, log: ExitLog) -> int | None:
    """What was written to a register last before a row of the log; 0, as after a reset, where only later rows write
    it; None where none does."""
    row = next((each for each in table if each.name == name and each.access & Direction.WRITE), None)
    if row is None or access.row is None:
        return None
    address, kind = base + row.offset, int(Event.IO_WRITE if access.port else Event.MMIO_WRITE)

    def wanted(rows: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray((rows["kind"] == kind) & (rows["address"] == address), np.bool_)

    before = [(first, rows) for first, rows in log.parts() if first < access.row]
    for first, rows in before[: -REACH - 1 : -1]:
        found = np.nonzero(wanted(rows[: access.row - first]))[0]
        if len(found):
            return int(rows[found[-1]]["value"])
    later = any(wanted(rows).any() for _, rows in islice(log.parts(access.row), REACH))
    return 0 if later else None


# -- all devices ------------------------------------------------------------------------------------------------------


def views(machine: Machine) -> list[DeviceView]:
    """Every device of the machine as it is now, in the order of the board."""
    machine.settle()
    return [
        _view(machine, slot, machine.devices[slot.name])
        for slot in machine.board.slots
        if slot.name in machine.devices
    ]


def _view(machine: Machine, slot: Slot, device: Device) -> DeviceView:
    behind = getattr(device, "device", None)
    return DeviceView(
        slot.name,
        slot.kind,
        slot.base,
        device.size,
        slot.port,
        "" if behind is None else type(behind).__name__.lower(),
        getattr(device, "fault", ""),
        register_views(machine, device),
        line_of(machine, slot.name, slot.kind, slot.irq),
        sources_of(machine, device),
        queues_of(machine, device),
    )


def register_views(machine: Machine, device: Device) -> tuple[RegisterView, ...]:
    """The registers of a device as they are now: those of the present mode; of long arrays what is not zero. A device
    without a table shows its first words."""
    table = registers_of(device) or (
        DeviceRegister("word", 0, array=((min(device.size // 4, RAW_WORDS), 4),), access=Direction.READ),
    )

    def selected(name: str) -> int | None:
        return _present(device, table, name)

    shown: list[RegisterView] = []
    for row in table:
        many = prod(count for count, _ in row.array) > FEW
        for index, offset in row.elements():
            direction = Direction.READ if row.access & Direction.READ else Direction.WRITE
            located = locate(table, offset, direction, selected)
            if located is None or located.register is not row:
                break  # of another mode
            located = Located(row, index, 0, located.selection)
            value = _value(machine, device, located, offset)
            if many and not value:
                continue
            text = "" if value is None else _text(machine, located, value)
            name = located.name
            shown.append(RegisterView(name, offset, row.width, value, text, row.access, row.description))
    return tuple(shown)


def _value(machine: Machine, device: Device, located: Located, offset: int) -> int | None:
    row = located.register
    hidden = hidden_of(device)
    if row.name in hidden:
        return hidden[row.name]
    if row.cpu:
        try:
            return machine.vcpus[0].arch.read_register(row.cpu)
        except UnknownRegister:
            return None
    if not row.access & Direction.READ:
        return None
    return located.word(device.peek(offset, row.width), row.width)
