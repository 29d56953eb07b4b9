"""Guest memory as a debugger sees it: by guest-virtual address, through a vCPU's page tables, without an effect.

Where a device lies, its registers are looked at (`peek`), so that no FIFO is emptied and no interrupt acknowledged by
looking. No accessed or dirty bit changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

from axvcpu.exits import AccessFlags
from emu.debug.errors import NotPossible, Unreadable
from emu.memory import Permission

if TYPE_CHECKING:
    from emu.machine import Machine

KINDS: Final = (AccessFlags.READ, AccessFlags.EXECUTE, AccessFlags.WRITE)
"""What the vCPU may do at an address for it to be seen: any of these."""


class GuestMemory:
    """The memory of one vCPU, of the machine's current one where `vcpu` is None. `physical`: addresses are
    guest-physical."""

    __slots__ = ("_machine", "_physical", "_vcpu")

    def __init__(self, machine: Machine, vcpu: int | None = None, *, physical: bool = False) -> None:
        self._machine, self._vcpu, self._physical = machine, vcpu, physical

    @property
    def order(self) -> Literal["little", "big"]:
        return "big" if self._machine.isa.endian == "big" else "little"

    def translate(self, address: int) -> int | None:
        """The guest-physical address, None where nothing is mapped."""
        if self._physical:
            return address
        machine = self._machine
        machine.settle()
        arch = (machine.schedule.current if self._vcpu is None else machine.vcpus[self._vcpu]).arch
        return next((found for kind in KINDS if (found := arch.translate(address, kind)) is not None), None)

    def read(self, address: int, size: int) -> bytes:
        """All of [address, address + size). Raises Unreadable with the first address that is not there."""
        found = bytearray()
        for at, physical, count in self._pieces(address, size):
            data = None if physical is None else self._peek(physical, count)
            if data is None:
                raise Unreadable(at, size)
            found += data
        return bytes(found)

    def readable(self, address: int, size: int) -> bytes:
        """The bytes from `address` on as far as they are there, at most `size`."""
        found = bytearray()
        for _, physical, count in self._pieces(address, size):
            data = None if physical is None else self._peek(physical, count)
            if data is None:
                break
            found += data
        return bytes(found)

    def write(self, address: int, data: bytes) -> None:
        """All or nothing, of RAM. Raises Unreadable where nothing is mapped, NotPossible where a device is."""
        pieces = list(self._pieces(address, len(data)))
        for at, physical, count in pieces:
            window = None if physical is None else self._machine.bus.find(physical)
            if physical is None or window is None:
                raise Unreadable(at, len(data))
            if window.region is None or physical + count - 1 > window.last:
                raise NotPossible(
                    f"write to {at:#x}", "a device is there", "Only memory can be changed from outside"
                )
        done = 0
        for _, physical, count in pieces:
            assert physical is not None
            self._machine.memory.write(physical, data[done : done + count])
            done += count
        self._machine.forget_code()

    def extents(self, address: int, size: int) -> list[tuple[int, int]]:
        """(guest-physical address, bytes) of [address, address + size), as few as they can be. Raises Unreadable."""
        found: list[tuple[int, int]] = []
        for at, physical, count in self._pieces(address, size):
            if physical is None:
                raise Unreadable(at, size)
            if found and sum(found[-1]) == physical:
                found[-1] = (found[-1][0], found[-1][1] + count)
            else:
                found.append((physical, count))
        return found

    def number(self, address: int, size: int) -> int:
        """The unsigned number of `size` bytes in the guest's byte order."""
        return int.from_bytes(self.read(address, size), self.order)

    def text(self, address: int, limit: int = 4096) -> bytes:
        """The bytes up to a zero, at most `limit`; as far as memory is there."""
        found = bytearray()
        while len(found) < limit:
            part = self.readable(address + len(found), min(64, limit - len(found)))
            head, zero, _ = part.partition(b"\0")
            found += head
            if zero or not part:
                break
        return bytes(found)

    def is_code(self, address: int) -> bool:
        """Whether the vCPU may execute there, as far as its page tables and the memory map say."""
        machine = self._machine
        machine.settle()
        arch = (machine.schedule.current if self._vcpu is None else machine.vcpus[self._vcpu]).arch
        physical = address if self._physical else arch.translate(address, AccessFlags.EXECUTE)
        window = None if physical is None else machine.bus.find(physical)
        return (
            window is not None
            and window.region is not None
            and bool(window.region.permissions & Permission.READ)
        )

    def _peek(self, physical: int, count: int) -> bytes | None:
        bus = self._machine.bus
        window = bus.find(physical)
        if window is None or physical + count - 1 > window.last:
            return None if window is None else self._peek_over(physical, count)
        if window.region is not None:
            offset = physical - window.base
            return bytes(window.region.view[offset : offset + count].tobytes())
        found = bytearray()
        while len(found) < count:
            at = physical + len(found)
            width = next(w for w in (8, 4, 2, 1) if at % w == 0 and w <= count - len(found))
            value = bus.peek(at, width)
            if value is None:
                return None
            found += (value & (1 << 8 * width) - 1).to_bytes(width, self.order)
        return bytes(found)

    def _peek_over(self, physical: int, count: int) -> bytes | None:
        """Bytes that lie in two windows."""
        found = bytearray()
        for at in range(physical, physical + count):
            value = self._machine.bus.peek(at, 1)
            if value is None:
                return None
            found.append(value & 0xFF)
        return bytes(found)

    def _pieces(self, address: int, size: int) -> Iterator[tuple[int, int | None, int]]:
        """(address, its guest-physical address or None, bytes) page by page. Addresses wrap at the ISA's width."""
        page, mask = max(self._machine.isa.page_size, 1), (1 << max(self._machine.isa.bits, 1)) - 1
        at, left = address & mask, size
        while left > 0:
            count = min(left, (at // page + 1) * page - at)
            yield at, self.translate(at), count
            at, left = (at + count) & mask, left - count
