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
from isa.records import REGION, WINDOW, NativeAbilities

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
    """The mappings and hooks of one engine. `regions` are rows for native code: memory that it can read code from.

    alias is (home, second address, size) of memory that appears twice: the engine keeps its translated code by the first
    place it finds, so our fill sends accesses of the second one there.
    """

    def __init__(self, handle: ctypes.c_void_p, address: int, hook: AddHook, native: NativeAbilities) -> None:
        self._handle, self._address, self._hook = handle, address, hook
        self._read, self._write, self._rights, self._gates = _WINDOWS[native.windows]
        self._reach = native.reach
        self.regions = np.zeros(0, REGION)
        self.alias = (0, 0, 0)
        self.largest = 0  # bytes of a device window
        self._windows = np.zeros(0, WINDOW)
        self._mapped: list[tuple[int, int]] = []
        self._hooks: list[ctypes.c_size_t] = []

    def fill(self, memory: tuple[Backing, ...], windows: tuple[DeviceWindow, ...], page: int) -> None:
        """Map memory and device windows; everything else is a hole whose accesses leave."""
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
            rights = uc_const.UC_PROT_ALL if each.writable else uc_const.UC_PROT_READ | uc_const.UC_PROT_EXEC
            status = lib.uc_mem_map_ptr(
                self._handle,
                ctypes.c_uint64(each.base),
                ctypes.c_size_t(each.size),
                ctypes.c_uint32(rights),
                ctypes.c_void_p(each.host),
            )
            check(status, f"map memory at {each.base:#x}")
            self._mapped.append((each.base, each.size))
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
            status = lib.uc_mmio_map(
                self._handle,
                ctypes.c_uint64(window.base),
                ctypes.c_size_t(size),
                ctypes.c_void_p(HOOKS[self._read]),
                ctypes.c_void_p(user),
                ctypes.c_void_p(HOOKS[self._write]),
                ctypes.c_void_p(user),
            )
            check(status, f"map a device window at {window.base:#x}")
            self._mapped.append((window.base, size))
            check(
                lib.uc_mem_protect(
                    self._handle,
                    ctypes.c_uint64(window.base),
                    ctypes.c_size_t(size),
                    ctypes.c_uint32(self._rights),
                ),
                f"protect the device window at {window.base:#x}",
            )
            self._add_hook(self._gates, HOOKS["gate"], user, window.base, window.base + size - 1)
            taken.append((window.base, window.base + size - 1))
        at = 0
        for lo, hi in sorted(taken):
            if lo > at:
                self._add_hook(_UNBACKED, HOOKS["on_unbacked"], self._address, at, lo - 1)
            at = hi + 1
        if at < 1 << 64:
            self._add_hook(_UNBACKED, HOOKS["on_unbacked"], self._address, at, (1 << 64) - 1)

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
        self.alias = (0, 0, 0)
