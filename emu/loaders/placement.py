"""Where images may lie: inside memory that exists, and not on top of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from emu.errors import LoadError, span
from emu.loaders.image import Image


@dataclass(frozen=True, slots=True)
class MemoryRange:
    """`size` bytes of guest memory at `base` that may be filled before the start; `name` is for texts.

    An alias of RAM has its own range; `home` is the address that its first byte really has.
    """

    name: str
    base: int
    size: int
    home: int | None = None

    @property
    def end(self) -> int:
        return self.base + self.size

    def contains(self, address: int, size: int) -> bool:
        return self.base <= address and address + size <= self.end

    def __str__(self) -> str:
        return f"{self.name} {span(self.base, self.size)} ({quantity(self.size)})"


@dataclass(frozen=True, slots=True)
class Claim:
    """`size` bytes at guest-physical `address` that `name` ("the initrd", "segment 2") needs for itself."""

    name: str
    path: str | Path
    address: int
    size: int

    @property
    def end(self) -> int:
        return self.address + self.size

    def __str__(self) -> str:
        return f"{self.name} at {span(self.address, self.size)}"


def quantity(size: int) -> str:
    """`size` bytes in the largest unit that keeps it readable: "128 MiB", "1.5 GiB", "12 bytes"."""
    for unit, name in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} byte{'' if size == 1 else 's'}"


def check_inside(image: Image, ranges: Sequence[MemoryRange]) -> None:
    """All that a placed `image` claims lies in `ranges`, of which the first is home; else LoadError."""
    for address, size in image.extents:
        if any(each.contains(address, size) for each in ranges):
            continue
        raise LoadError(
            image.path,
            f"everything inside the machine's memory ({', '.join(map(str, ranges))})",
            f"{quantity(size)} at {span(address, size)}",
            _outside_hint(image, address, size, ranges[0]),
        )


def check_apart(claims: Iterable[Claim], ranges: Sequence[MemoryRange] = ()) -> None:
    """No two of `claims` share a byte; one at an alias counts at its home. Raises LoadError naming both."""
    placed = sorted(
        ((_home(claim.address, ranges), claim) for claim in claims if claim.size), key=lambda pair: pair[0]
    )
    for (start, below), (address, claim) in pairwise(placed):
        if address < start + below.size:
            raise LoadError(
                claim.path,
                "memory of its own for everything that is loaded",
                f"{claim}, overlapping {below}",
                "Give the machine more memory (-m), or link or place one of them elsewhere",
            )


def _home(address: int, ranges: Sequence[MemoryRange]) -> int:
    for each in ranges:
        if each.home is not None and each.contains(address, 1):
            return address - each.base + each.home
    return address


def _outside_hint(image: Image, address: int, size: int, ram: MemoryRange) -> str:
    narrow = image.isa is not None and "64" not in image.isa
    if address >> (30 if narrow else 62) == 3:
        return (
            "It is linked at a kernel's virtual addresses; a Linux kernel is given as its Image "
            "(arch/*/boot/Image), not as vmlinux"
        )
    if ram.contains(address, 1):
        enough = -(-(address + size - ram.base) // (1 << 20))
        return f"Give the machine at least {quantity(enough << 20)} of memory: -m {enough}M"
    if address < 0x1000_0000 <= ram.base:
        return f"It looks like a program for an operating system; link a bare-metal one at {ram.base:#x}"
    return (
        f"Link it at {ram.base:#x} (in its linker script), give more memory (-m), or choose another -machine"
    )
