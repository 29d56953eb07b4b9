"""Writing a transcript while a machine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from emu.board import Slot
from emu.debug.devices import Access, describe
from emu.device import Device
from emu.errors import UnknownName
from emu.observer import Wish
from emu.registers import registers_of
from emu.transcript.entry import Entry, Kind, Transcript

if TYPE_CHECKING:
    from axvcpu.exits import AxVCpuExitReason
    from emu.machine import Machine
    from emu.schedule import Vcpu


MOST_WORDS: Final = 1 << 16
"""Meanings of values that are kept: one is looked up once."""


class Recording:
    """`heard` is for `MachineConfig.heard`; after `attach` each line goes to `write`, the head first.

    Every device access of the machine is Python's then, which makes it several times as expensive; the guest cannot
    notice. Memory that a device answers like RAM (flash that is read) is no access.
    """

    def __init__(self, write: Callable[[str], object], devices: Iterable[str] = ()) -> None:
        self._write, self._wanted = write, tuple(devices)
        self._machine: Machine | None = None
        self._levels: dict[str, bool] = {}
        self._words: dict[tuple[str, Kind, int, int, int], str] = {}
        self.count = 0

    def attach(self, machine: Machine) -> None:
        """Raises UnknownName for a device that the machine has not."""
        for name in self._wanted:
            if name not in machine.devices:
                raise UnknownName.among("device", name, machine.devices)
        for line in Transcript.head(machine.isa.name, machine.board.name):
            self._write(line + "\n")
        machine.observe(LeaveAll(), Wish(leave=True))
        slots = {slot.name: slot for slot in machine.board.slots}
        for name in self._wanted or machine.devices:

            def put(device: Device, slot: Slot = slots[name]) -> Device:
                return _Recorded(device, slot, self)

            machine.put_before(name, put)
        self._machine = machine

    def heard(self, device: str, level: bool) -> None:
        """An interrupt line was set; what it stays at is no event."""
        machine = self._machine
        if self._levels.get(device, False) == level:
            return
        self._levels[device] = level
        if machine is not None and (not self._wanted or device in self._wanted):
            self._add(Entry(machine.now_ns, device, Kind.IRQ, int(level)))

    def access(self, slot: Slot, device: Device, kind: Kind, offset: int, width: int, value: int) -> None:
        """One that is done, or of a write one that is about to be: a write may change what stands there."""
        machine = self._machine
        assert machine is not None
        key = slot.name, kind, offset, width, value
        words = self._words.get(key)
        if words is None:
            access = Access(slot.base + offset, width, kind is Kind.WRITE, value, slot.port)
            found = describe(machine, access)
            words = ""
            if found is not None:
                words = f"{found.register} ({found.text})" if found.text else found.register
            if _always_the_same(device, offset) and len(self._words) < MOST_WORDS:
                self._words[key] = words
        self._add(Entry(machine.now_ns, slot.name, kind, value, offset, width, words))

    def _add(self, entry: Entry) -> None:
        self.count += 1
        self._write(entry.line() + "\n")


class _Recorded:
    """A device whose accesses are written down; everything else of it is as it was."""

    def __init__(self, device: Device, slot: Slot, recording: Recording) -> None:
        self._device, self._slot, self._recording = device, slot, recording

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._device, name)

    def read(self, offset: int, width: int) -> int:
        value = self._device.read(offset, width) & ((1 << 8 * width) - 1)
        self._note(Kind.READ, offset, width, value)
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        self._note(Kind.WRITE, offset, width, value)
        self._device.write(offset, width, value)

    def _note(self, kind: Kind, offset: int, width: int, value: int) -> None:
        self._recording.access(self._slot, self._device, kind, offset, width, value)


def _always_the_same(device: Device, offset: int) -> bool:
    """Whether the register at `offset` is the same one in every mode of the device."""
    return not any(
        row.when is not None or row.selector
        for row in registers_of(device)
        if any(start <= offset < start + row.size for _, start in row.elements())
    )


class LeaveAll:
    """An `emu.observer.Observer` that only has every access leave native code."""

    def rows(self, vcpu: Vcpu, rows: Any) -> None:  # noqa: ANN401
        """None are asked for."""

    def inside(self, vcpu: Vcpu, exit: AxVCpuExitReason, value: int) -> None:
        """It has been written down where the device answered."""
