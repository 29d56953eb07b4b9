"""What can be wrong with what a driver gives a virtio device. The guest's mistake, not an error of ours: the transport
turns it into DEVICE_NEEDS_RESET [2.1.2].

    RingFault    a virtqueue that is not one
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.errors import EmuError


@dataclass(eq=False)
class RingFault(EmuError):
    """Of a virtqueue, `what` was expected to be `expected` and is `actual`."""

    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.actual}."
