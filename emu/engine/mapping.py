"""What one engine has mapped for a machine: memory, device windows behind gates, and hooks on the holes between."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import unicorn.unicorn_const as uc_const

from emu.engine.callbacks import HOOKS
from emu.engine.library import check, lib
from emu.engine.watching import WatchedPages
from isa.records import REGION, WATCH_PAGES, WINDOW, NativeAbilities

_GATES: Final = (
    uc_const.UC_HOOK_MEM_READ_PROT | uc_const.UC_HOOK_MEM_WRITE_PROT | uc_const.UC_HOOK_MEM_FETCH_PROT
)
_UNBACKED: Final = (
    uc_const.UC_HOOK_MEM_READ_UNMAPPED
    | uc_const.UC_HOOK_MEM_WRITE_UNMAPPED
    | uc_const.UC_HOOK_MEM_FETCH_UNMAPPED
)
_WINDOWS: Final = {
    "gate": ("window_read", "window_write", 0, _GATES),
    "loads": (
        "window_read",
        "window_write_inside",
        uc_const.UC_PROT_WRITE,
        uc_const.UC_HOOK_MEM_READ_PROT | uc_const.UC_HOOK_MEM_FETCH_PROT,
    ),
    "synchronous": (
        "window_read_inside",
        "window_write_inside",
        uc_const.UC_PROT_READ | uc_const.UC_PROT_WRITE,
        uc_const.UC_HOOK_MEM_FETCH_PROT,
    ),
}
"""By `NativeAbilities.windows`: the callbacks for data, what needs no gate, and the gate's hooks."""
AddHook = Callable[[int, Any, int, int, int], ctypes.c_size_t]
"""(kind, compiled callback, user data, first and last guest-physical address) -> the hook's handle."""


@dataclass(frozen=True, slots=True)
class Backing:
    """Guest-physical [base, base + size) is host memory at `host`. `writable`: by the guest; where it is not, a write
    is an exit of device window `window`, or without one the guest's fault."""

    base: int
    size: int
    host: int
    writable: bool
    window: int = -1


@dataclass(frozen=True, slots=True)
class DeviceWindow:
    """Guest-physical [base, base + size) leaves the guest, as exits with this window `index`."""

    base: int
    size: int
    index: int


class Mapping:
    """The mappings and hooks of one engine. `regions` are rows for native code: memory that it can read code from;
    `pieces` what the engine itself has as memory (first and last address, host): without the watched pages.

    alias is (home, second address, size) of memory that appears twice: the engine keeps its translated code by the first
    place it finds, so our fill sends accesses of the second one there.
    """

    def __init__(
        self,
        handle: ctypes.c_void_p,
        address: int,
        hook: AddHook,
        native: NativeAbilities,
        *,
        disturbed: bool = False,
    ) -> None:
        self._handle, self._address, self._hook = handle, address, hook
        self._read, self._write, self._rights, self._gates = _WINDOWS[native.windows]
        self._reach = native.reach
        self.regions = np.zeros(0, REGION)
        self.pieces: list[tuple[int, int, int]] = []
        self._watched = self._executed = np.zeros(0, WATCH_PAGES)
        self._disturbed = disturbed
        self.alias = (0, 0, 0)
        self.largest = 0  # bytes of a device window
        self._windows = np.zeros(0, WINDOW)
        self._mapped: list[tuple[int, int]] = []
        self._hooks: list[ctypes.c_size_t] = []

    def fill(
        self,
        memory: tuple[Backing, ...],
        windows: tuple[DeviceWindow, ...],
        page: int,
        watched: tuple[WatchedPages, ...] = (),
    ) -> None:
        """Map memory and device windows; everything else is a hole whose accesses leave. `watched` pages of memory are
        looked at at each access."""
        self.largest = max((each.size for each in windows), default=0)
        for one, other in itertools.combinations(memory, 2):
            if one.host == other.host:
                self.alias = one.base, other.base, other.size
        parts = [
            *((each.window, each.base) for each in memory),
            *((each.index, each.base) for each in windows),
        ]
        self._windows = np.array([(self._address, max(index, 0), base) for index, base in parts], WINDOW)
        self.regions = np.zeros(len(memory), REGION)
        taken: list[tuple[int, int]] = []
        for i, each in enumerate(memory):
            self._map_memory(each, watched)
            self.regions[i] = (each.base, each.base + each.size - 1, each.host)
            if not each.writable:
                callback, user = (
                    (HOOKS["gate"], self._window_address(i))
                    if each.window >= 0
                    else (HOOKS["on_unbacked"], self._address)
                )
                end = each.base + each.size - 1
                self._add_hook(uc_const.UC_HOOK_MEM_WRITE_PROT, callback, user, each.base, end)
            taken.append((each.base, each.base + each.size - 1))
        for i, window in enumerate(windows, len(memory)):
            user = self._window_address(i)
            size = min(-(-window.size // page) * page, self._reach + 1 - window.base)
            if size <= 0:
                continue
            self._map_window(window.base, size, (self._read, self._write), user, self._rights)
            self._add_hook(self._gates, HOOKS["gate"], user, window.base, window.base + size - 1)
            taken.append((window.base, window.base + size - 1))
        self._map_watched(tuple(each for each in watched if not each.executed))
        self._listen(tuple(each for each in watched if each.executed), memory)
        at = 0
        for lo, hi in sorted(taken):
            if lo > at:
                self._add_hook(_UNBACKED, HOOKS["on_unbacked"], self._address, at, lo - 1)
            at = hi + 1
        if at < 1 << 64:
            self._add_hook(_UNBACKED, HOOKS["on_unbacked"], self._address, at, (1 << 64) - 1)

    def _map_memory(self, each: Backing, watched: tuple[WatchedPages, ...]) -> None:
        """Map a backing, but for what is watched of it."""
        rights = uc_const.UC_PROT_ALL if each.writable else uc_const.UC_PROT_READ | uc_const.UC_PROT_EXEC
        end = each.base + each.size
        inside = sorted(
            (one.base, one.size) for one in watched if not one.executed and each.base <= one.base < end
        )
        at = each.base
        for base, size in (*inside, (end, 0)):
            if base > at:
                host = each.host + at - each.base
                status = lib.uc_mem_map_ptr(
                    self._handle,
                    ctypes.c_uint64(at),
                    ctypes.c_size_t(base - at),
                    ctypes.c_uint32(rights),
                    ctypes.c_void_p(host),
                )
                check(status, f"map memory at {at:#x}")
                self._mapped.append((at, base - at))
                self.pieces.append((at, base - 1, host))
            at = base + size

    def _map_window(self, base: int, size: int, callbacks: tuple[str, str], user: int, rights: int) -> None:
        """Have accesses answered by callbacks (read, write), as far as they have these rights or a gate lets them."""
        read, write = callbacks
        status = lib.uc_mmio_map(
            self._handle,
            ctypes.c_uint64(base),
            ctypes.c_size_t(size),
            ctypes.c_void_p(HOOKS[read]),
            ctypes.c_void_p(user),
            ctypes.c_void_p(HOOKS[write]),
            ctypes.c_void_p(user),
        )
        check(status, f"map a window at {base:#x}")
        self._mapped.append((base, size))
        status = lib.uc_mem_protect(
            self._handle, ctypes.c_uint64(base), ctypes.c_size_t(size), ctypes.c_uint32(rights)
        )
        check(status, f"protect the window at {base:#x}")

    def _map_watched(self, watched: tuple[WatchedPages, ...]) -> None:
        self._watched = np.array([(self._address, each.base, each.host) for each in watched], WATCH_PAGES)
        for i, each in enumerate(watched):
            user = int(self._watched[i : i + 1].ctypes.data)
            callbacks = "watch_read", "watch_write"
            self._map_window(each.base, each.size, callbacks, user, uc_const.UC_PROT_NONE)
            self._add_hook(_GATES, HOOKS["watch_gate"], user, each.base, each.base + each.size - 1)

    def _listen(self, executed: tuple[WatchedPages, ...], memory: tuple[Backing, ...]) -> None:
        """Hooks at accesses to pages that are watched and executed. Every access pays for them; where they disturb the
        engine's place in its code (`let_through`), there must be one for each access that goes on, to put it right."""
        self._executed = np.array([(self._address, each.base, each.host) for each in executed], WATCH_PAGES)
        kind = uc_const.UC_HOOK_MEM_READ | uc_const.UC_HOOK_MEM_WRITE
        for i, each in enumerate(executed):
            user = int(self._executed[i : i + 1].ctypes.data)
            begin, end = max(each.base - 16, 0), each.base + each.size - 1
            self._add_hook(kind, HOOKS["watch_access"], user, begin, end)
        if not executed or not self._disturbed:
            return
        for first, last, _ in self.pieces:
            if any(each.writable and each.base <= first < each.base + each.size for each in memory):
                self._add_hook(kind, HOOKS["watch_nothing"], self._address, first, last)

    def _add_hook(self, kind: int, callback: Any, user: int, begin: int, end: int) -> None:  # noqa: ANN401
        self._hooks.append(self._hook(kind, callback, user, begin, end))

    def _window_address(self, i: int) -> int:
        """Of the record that a gate gets as its user data."""
        return int(self._windows[i : i + 1].ctypes.data)

    def clear(self) -> None:
        """Take back what `fill` did."""
        for hook in self._hooks:
            check(lib.uc_hook_del(self._handle, hook), "delete a hook")
        self._hooks.clear()
        for base, size in self._mapped:
            check(lib.uc_mem_unmap(self._handle, ctypes.c_uint64(base), ctypes.c_size_t(size)), "unmap")
        self._mapped.clear()
        self.pieces.clear()
        self.alias = (0, 0, 0)
