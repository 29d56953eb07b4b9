"""Which virtio device is behind which window, as QEMU decides it."""

from __future__ import annotations

from collections.abc import Sequence

from emu.board import Board, Slot
from emu.config import VirtioRequest
from emu.errors import ConfigError

KIND = "virtio-mmio"


def assigned(board: Board, requests: Sequence[VirtioRequest]) -> dict[str, VirtioRequest]:
    """Slot name -> the device behind it. In the order asked for, each takes the window that it names, or of the free
    ones that with the highest address. Raises ConfigError."""
    slots = sorted((slot for slot in board.slots if slot.kind == KIND), key=lambda slot: slot.base)
    found: dict[str, VirtioRequest] = {}
    for request in requests:
        if not slots:
            hint = "Use -machine virt where the ISA has one"
            raise ConfigError("-device", f"a device of machine {board.name}", "a virtio device", hint)
        found[_window(slots, found, request).name] = request
    return found


def _window(slots: list[Slot], taken: dict[str, VirtioRequest], request: VirtioRequest) -> Slot:
    if request.bus is not None:
        named = f"virtio-mmio-bus.{request.bus}"
        if request.bus >= len(slots):
            expected = f"virtio-mmio-bus.0 to virtio-mmio-bus.{len(slots) - 1}"
            raise ConfigError("-device bus", expected, named)
        if slots[request.bus].name in taken:
            raise ConfigError("-device bus", "a window of its own for each device", f"{named} twice")
        return slots[request.bus]
    free = [slot for slot in slots if slot.name not in taken]
    if not free:
        expected = f"at most {len(slots)} virtio devices, a window for each"
        raise ConfigError("-device", expected, f"more than {len(slots)}")
    return free[-1]
