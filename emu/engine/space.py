"""A guest address space, as engines and vCPUs see it: what is mapped, and what native code answers."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from axvcpu.dispatch import ROW
from emu.engine.mapping import Backing, DeviceWindow
from emu.engine.watching import UNWATCHED

Write = tuple[int, int, int, int]  # window, address, width, value

_roots: Final[weakref.WeakValueDictionary[int, AddressSpace]] = weakref.WeakValueDictionary()
_numbers: Final = itertools.count(1)


class AddressSpace:
    """Guest-physical memory and device windows of one VM; `root` is its number, as vCPUs name it (ept_root).

    rows is the dispatch table (`axvcpu.dispatch.build`); drain is called with queued RING writes, oldest first.
    overlays: memory that covers the beginning of a device window, by window index (flash while it is read).
    watches: what is watched of the memory; found_code is called with an address in watched pages that is executed.
    """

    def __init__(
        self,
        memory: tuple[Backing, ...],
        windows: tuple[DeviceWindow, ...],
        page: int,
        rows: Any = None,  # noqa: ANN401  a numpy record array
        drain: Callable[[list[Write]], None] = lambda writes: None,
        read_physical: Callable[[int, int], bytes | None] = lambda address, size: None,
    ) -> None:
        self.root: Final = next(_numbers)
        self.memory, self.windows, self.page = memory, windows, page
        self.rows = np.zeros(0, ROW) if rows is None else rows
        self.drain, self.read_physical = drain, read_physical
        self.overlays: dict[int, Backing] = {}
        self.watches = UNWATCHED
        self.found_code: Callable[[int], None] = lambda address: None
        _roots[self.root] = self

    def layout(self) -> tuple[tuple[Backing, ...], tuple[DeviceWindow, ...]]:
        """What engines are to map now."""
        windows = []
        for window in self.windows:
            covered = self.overlays[window.index].size if window.index in self.overlays else 0
            if covered < window.size:
                windows.append(DeviceWindow(window.base + covered, window.size - covered, window.index))
        return (*self.memory, *self.overlays.values()), tuple(windows)


def by_root(root: int) -> AddressSpace:
    """Raises KeyError for a space that is gone."""
    return _roots[root]
