"""Virtqueues as a debugger shows them. Source: Virtual I/O Device (VIRTIO) 1.2, section 2.7 (split virtqueues)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.devices.virtio_mmio import VirtioMmio
from emu.errors import AddressError

if TYPE_CHECKING:
    from emu.machine import Machine


@dataclass(frozen=True, slots=True)
class QueueView:
    """One virtqueue. Indices count chains modulo 2^16.

    descriptors, driver, device: guest-physical addresses of the three areas.
    available: as the driver's area has it, the chains made available; None where it cannot be read.
    returned: as the device's area has it, the chains given back; None likewise.
    taken, used, told: chains that the device took, gave back, and had given back when it last thought of an interrupt.
    unfinished: it was notified, and goes on by itself.
    """

    index: int
    name: str
    size: int
    limit: int
    ready: bool
    descriptors: int
    driver: int
    device: int
    available: int | None
    returned: int | None
    taken: int
    used: int
    told: int
    unfinished: bool

    @property
    def waiting(self) -> int:
        """Chains that the driver made available and the device did not take yet."""
        return 0 if self.available is None else self.available - self.taken & 0xFFFF


def queues_of(machine: Machine, device: object) -> tuple[QueueView, ...]:
    """The queues of a virtio device; of another none."""
    if not isinstance(device, VirtioMmio):
        return ()
    names = getattr(device.device, "queue_names", ())
    views: list[QueueView] = []
    for index, queue in enumerate(device.queues):
        s = queue.state
        views.append(
            QueueView(
                index,
                names[index] if index < len(names) else "",
                s.size,
                queue.limit,
                s.ready,
                s.descriptors,
                s.driver,
                s.device,
                _index(machine, s.driver) if s.ready else None,
                _index(machine, s.device) if s.ready else None,
                s.taken,
                s.used,
                s.told,
                index in device.unfinished,
            )
        )
    return tuple(views)


def _index(machine: Machine, area: int) -> int | None:
    """Flags u16, index u16 [2.7.6, 2.7.8]."""
    try:
        return int.from_bytes(machine.memory.read(area + 2, 2), "little")
    except AddressError:
        return None
