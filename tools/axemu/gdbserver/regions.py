"""What lies around an address, as a vCPU sees memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emu.debug.memory import GuestMemory
from emu.memory import ROM
from isa.abilities import Access

if TYPE_CHECKING:
    from emu.bus import Window
    from emu.machine import Machine

MOST_PAGES: Final = 1024
"""Pages that are looked at for the end of a region."""


@dataclass(frozen=True, slots=True)
class Region:
    """`size` bytes from `base` that are alike. permissions: "rwx", "rx", "rw", or "" where nothing is mapped."""

    base: int
    size: int
    permissions: str


def region(machine: Machine, vcpu: int, address: int) -> Region:
    """The region that `address` is in: whole windows where addresses are physical, else pages from there on."""
    memory = GuestMemory(machine, vcpu)
    if _physical(machine, vcpu, address):
        return _window(machine, address)
    page = max(machine.isa.page_size, 1 << 12)
    base, end = address // page * page, 1 << machine.isa.bits

    def permissions(at: int) -> str:
        physical = memory.translate(at)
        return "" if physical is None else _permissions(machine.bus.find(physical))

    kind, size = permissions(base), page
    while size < MOST_PAGES * page and base + size < end and permissions(base + size) == kind:
        size += page
    return Region(base, size, kind)


def _physical(machine: Machine, vcpu: int, address: int) -> bool:
    """Whether no page table, and no segment, has a say."""
    walk = machine.isa.page_walk
    if walk is None:
        return False
    machine.settle()
    found = walk(machine._read_physical, machine.vcpus[vcpu].arch.read_register, address, Access.LOAD)
    return found.physical == address and not found.page_size


def _window(machine: Machine, address: int) -> Region:
    window = machine.bus.find(address)
    if window is not None:
        return Region(window.base, window.size, _permissions(window))
    others = machine.bus.windows
    base = max((each.base + each.size for each in others if each.base < address), default=0)
    end = min((each.base for each in others if each.base > address), default=1 << machine.isa.bits)
    return Region(base, max(end - base, 1), "")


def _permissions(window: Window | None) -> str:
    if window is None:
        return ""
    if window.region is None:
        return "rw"
    return "rx" if window.region.permissions == ROM else "rwx"
