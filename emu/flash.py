"""Flash on the bus: memory that is read and executed in place while the flash shows its contents, a device else."""

from __future__ import annotations

from collections.abc import Callable

from emu.devices.cfi_flash import CfiFlash
from emu.engine.mapping import Backing
from emu.engine.space import AddressSpace


class FlashWindow:
    """What the guest reaches at a flash's addresses: reads and writes as its device's, which also move the memory in and
    out of the address space. A write takes it out, the next read of the contents puts it back.

    `remapped` is called when the layout of the space has changed.
    """

    def __init__(
        self, device: CfiFlash, base: int, window: int, space: AddressSpace, remapped: Callable[[], None]
    ) -> None:
        self.device, self.name, self.size = device, device.name, device.size
        self._base, self._window, self._space, self._remapped = base, window, space, remapped
        self._kept = (
            device.array.view if device.array is not None else None
        )  # the memory stays while it is mapped
        self.settle()

    def close(self) -> None:
        self._kept = None

    def settle(self) -> None:
        """Have the memory in place exactly while the flash shows its contents."""
        shown = self.device.array is not None
        if shown != (self._window in self._space.overlays):
            self._show(shown)

    def _show(self, shown: bool) -> None:
        array = self.device.array
        if shown and array is not None:
            self._space.overlays[self._window] = Backing(
                self._base, array.size, array.address, False, self._window
            )
        else:
            self._space.overlays.pop(self._window, None)
        self._remapped()

    def read(self, offset: int, width: int) -> int:
        value = self.device.read(offset, width)
        self.settle()
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        self.device.write(offset, width, value)
        if self._window in self._space.overlays:
            self._show(False)  # the write itself must find the device when it is carried out
