"""What a virtio device is, and what it is handed.

A device knows its queues and its configuration, and nothing of how a driver reaches it: that is the transport's
(`emu.devices.virtio_mmio`). What it does, it does in `kicked`, at once: take chains, answer each, give it back. A chain
is never kept when `kicked` returns, so nothing is in flight between two instructions of the guest, and the queues'
indices with the device's own `state` are all that a snapshot needs.

A device that has something to say of its own accord (input came) asks for `link.service(n)`, which calls `kicked(n)`.
It may have two more methods, as any device of a machine: `poll()`, called where input may have come; `close()`. For
people who look it may name what it has (`Named`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from emu.registers import Table
from emu.virtio.queue import Queue
from isa.register import Field


class Link(Protocol):
    """The transport, as a device sees it."""

    @property
    def features(self) -> int:
        """Feature bits that were negotiated; 0 before."""
        ...

    @property
    def queues(self) -> Sequence[Queue]: ...

    def service(self, queue: int) -> None:
        """Have `kicked(queue)` called now, as if the driver had told of new chains; interrupts follow as it wants them.

        Nothing happens while the driver is not ready for it.
        """
        ...

    def config_changed(self) -> None:
        """The configuration is another one now: tell the driver [2.5]."""
        ...


class Named(Protocol):
    """What a device may have for debuggers."""

    @property
    def feature_bits(self) -> tuple[Field, ...]:
        """Its own feature bits by name."""
        ...

    @property
    def config_registers(self) -> Table:
        """The configuration space, offsets from its start."""
        ...

    @property
    def queue_names(self) -> tuple[str, ...]: ...


class VirtioDevice(Protocol):
    """A device behind a transport; it never raises on what a guest does, but for RingFault, which its queues raise."""

    @property
    def name(self) -> str: ...

    @property
    def device_id(self) -> int:
        """[5]"""
        ...

    @property
    def features(self) -> int:
        """Its own feature bits [2.2]; those of queues and transport are added to them."""
        ...

    @property
    def queue_sizes(self) -> tuple[int, ...]:
        """The largest size of each queue, powers of two up to 1024."""
        ...

    @property
    def config(self) -> bytes:
        """The configuration space [2.5]; what a driver reads beyond it is zero."""
        ...

    def write_config(self, offset: int, data: bytes) -> None:
        """A driver writes to the configuration space, inside it."""
        ...

    def attach(self, link: Link) -> None:
        """Called once, before everything else."""
        ...

    @property
    def state(self) -> Any:  # noqa: ANN401
        """As `emu.device.Device.state`."""
        ...

    def load(self, state: Any) -> None:  # noqa: ANN401
        """As `emu.device.Device.load`."""
        ...

    def reset(self) -> None:
        """The driver resets the device, or the machine is powered on anew. What a disk holds stays."""
        ...

    def kicked(self, queue: int) -> None:
        """The driver has made chains available: answer those that can be answered, drop the others. Called only while
        the driver is ready and the queue is set up. RingFault is the transport's to answer."""
        ...
