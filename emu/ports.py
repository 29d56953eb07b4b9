"""The port space of x86: 65536 bytes beside memory, reached by IN and OUT."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from emu.device import Device
from emu.errors import MapError

SIZE: Final = 1 << 16


class Ports:
    """Devices by port. What no device answers, or not whole, reads as ones and ignores what is written."""

    def __init__(self, placed: Iterable[tuple[int, Device]] = ()) -> None:
        self._places = sorted(
            ((base, device.size, device) for base, device in placed), key=lambda row: row[0]
        )
        end, last = 0, ""
        for base, size, device in self._places:
            if base < end or base + size > SIZE:
                raise MapError(device.name, base, size, "ports that nothing else has", f"those of {last}")
            end, last = base + size, device.name

    def find(self, port: int, width: int) -> tuple[int, Device] | None:
        """Offset and device of an access."""
        for base, size, device in self._places:
            if base <= port and port + width <= base + size:
                return port - base, device
        return None

    def read(self, port: int, width: int) -> int:
        found = self.find(port, width)
        return (1 << 8 * width) - 1 if found is None else found[1].read(found[0], width)

    def write(self, port: int, width: int, value: int) -> None:
        found = self.find(port, width)
        if found is not None:
            found[1].write(found[0], width, value)

    def put_before(self, device: Device, registers: Device) -> None:
        """Have `registers` answer where `device` did."""
        self._places = [
            (base, size, registers if there is device else there) for base, size, there in self._places
        ]
