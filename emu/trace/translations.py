"""Where named code and data lay: a trace has guest-physical addresses, and a kernel's own ones are others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emu.debug.memory import GuestMemory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emu.machine import Machine
    from emu.symbols import Symbol

MOST: Final = 1 << 15
"""Pages that are looked up."""


def translations(machine: Machine, symbols: Iterable[Symbol]) -> list[tuple[int, int, int]]:
    """(guest-virtual, guest-physical, bytes) of the pages that have names and lie elsewhere, as the current vCPU sees
    them now."""
    size, memory = machine.isa.page_size, GuestMemory(machine)
    pages: set[int] = set()
    for symbol in symbols:
        if len(pages) < MOST:
            low, high = symbol.address // size, (symbol.address + max(symbol.size, 1) - 1) // size
            pages.update(range(low, min(high + 1, low + MOST)))
    found: list[tuple[int, int, int]] = []
    for page in sorted(pages)[:MOST]:
        address = page * size
        physical = memory.translate(address)
        if physical is None or physical == address or machine.bus.find(physical) is None:
            continue
        if found and found[-1][0] + found[-1][2] == address and found[-1][1] + found[-1][2] == physical:
            found[-1] = (*found[-1][:2], found[-1][2] + size)
        else:
            found.append((address, physical, size))
    return found
