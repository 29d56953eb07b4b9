"""Watched ranges as an engine has them: rows for native code, and what it logs of the instruction that touched one."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Final

import numpy as np

from axvcpu.exits import AccessFlags, Debug, DebugKind, WatchHit
from isa.records import WATCH_ACCESS, WATCH_ROW, WATCH_WRITE, WATCHING

_LOG: Final = 1024
"""Accesses and stores of one instruction that are kept; the largest make 256 bytewise ones of each kind."""
_WIDEST: Final = 7
"""Bytes of the widest access that may lie before the last of them."""
_BOTH: Final = AccessFlags.READ | AccessFlags.WRITE


@dataclass(frozen=True, slots=True)
class WatchedRange:
    """Accesses to guest-physical `first` to `last` are to be reported as those of `name` (address and bytes, as the one
    who watches has named it), which is host memory at `host`."""

    first: int
    last: int
    host: int
    access: AccessFlags
    name: tuple[int, int]
    pages: int  # the first address whose page is to be watched for it
    near: int  # the first address that is near it
    near_access: AccessFlags  # the accesses that count as near


@dataclass(frozen=True, slots=True)
class WatchedPages:
    """Guest-physical [base, base + size), whole pages of the host memory at `host`, that accesses are looked at in."""

    base: int
    size: int
    host: int
    executed: bool = False


@dataclass(frozen=True, slots=True)
class Watches:
    """All that is watched in an address space. Pages do not overlap."""

    ranges: tuple[WatchedRange, ...] = ()
    pages: tuple[WatchedPages, ...] = ()


UNWATCHED: Final = Watches()


def reach(address: int, access: AccessFlags, page: int, before: int) -> tuple[int, int, AccessFlags]:
    """Of a range that begins at `address`: from where on pages must be watched, from where on an access is near, and
    what accesses are.

    Of an access across the begin of a page, only what sees it whole sees all: the page before. An instruction that may
    change or load `before` bytes in front of the range, and could not be begun again, is near with its first access.
    """
    across = min(address % page, _WIDEST)
    pages = address - (_WIDEST if across < _WIDEST else 0)
    if before:
        return max(min(pages, address - before), 0), max(address - before, 0), _BOTH
    return max(pages, 0), address, access


class Watching:
    """The record of native code. `address` is that of the record."""

    def __init__(self) -> None:
        self._record = np.zeros(1, WATCHING)
        self._rows = np.zeros(0, WATCH_ROW)
        self._accesses, self._writes = np.zeros(_LOG, WATCH_ACCESS), np.zeros(_LOG, WATCH_WRITE)
        self._ranges: tuple[WatchedRange, ...] = ()
        self.address: Final = int(self._record.ctypes.data)
        one = self._record[0]
        one["accesses"], one["accesses_size"] = self._accesses.ctypes.data, _LOG
        one["writes"], one["writes_size"] = self._writes.ctypes.data, _LOG

    def set(self, ranges: tuple[WatchedRange, ...]) -> None:
        """Look for accesses to these ranges."""
        self._ranges = ranges
        rows = [(each.first, each.last, each.access, each.near, each.near_access) for each in ranges]
        self._rows = np.array(rows, WATCH_ROW)
        one = self._record[0]
        one["rows"], one["rows_count"] = self._rows.ctypes.data, len(rows)
        one["control"] = one["load_bytes"] = one["walked"] = 0

    def stop(self) -> Debug:
        """What the instruction that was run by itself has done."""
        one = self._record[0]
        accesses = self._accesses[: int(one["accesses_count"])].tolist()
        count = int(one["writes_count"])
        writes = self._writes[:count].tolist() if count <= _LOG else None
        hits: dict[tuple[int, int], WatchHit] = {}
        for flag, address, width, _ in accesses:
            for each in self._ranges:
                if not flag & each.access or address > each.last or address + width <= each.first:
                    continue
                hit = hits.get(each.name)
                if hit is None:
                    before, after = _contents(each, writes)
                    hits[each.name] = WatchHit(address, width, AccessFlags(flag), each.name, before, after)
                else:
                    hit.access |= AccessFlags(flag)  # type: ignore[misc]
        return Debug(DebugKind.WATCHPOINT, accesses[0][3], tuple(hits.values()))


def _contents(each: WatchedRange, writes: list[tuple[int, int, int]] | None) -> tuple[bytes | None, bytes]:
    """The bytes of a range before the writes, and now."""
    size = each.name[1]
    after = ctypes.string_at(each.host, size)
    if writes is None:
        return None, after
    before = bytearray(after)
    for address, width, old in reversed(writes):
        for i, byte in enumerate(old.to_bytes(width, "little")):
            if 0 <= address + i - each.host < size:
                before[address + i - each.host] = byte
    return bytes(before), after
