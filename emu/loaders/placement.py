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
    """Every segment of a placed `image` lies in one of `ranges`. Raises LoadError."""
    for segment in image.segments:
        if any(each.contains(segment.address, segment.size) for each in ranges):
            continue
        raise LoadError(
            image.path,
            f"every segment inside the machine's memory ({', '.join(map(str, ranges))})",
            f"{quantity(segment.size)} at {span(segment.address, segment.size)}",
            _outside_hint(image, segment.address, segment.size, ranges),
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


def _outside_hint(image: Image, address: int, size: int, ranges: Sequence[MemoryRange]) -> str:
    top = 1 << (32 if image.isa is not None and image.isa.endswith("32") else 64)
    if address >= top - (top >> 2):
        return (
            "It is linked at a kernel's virtual addresses; a Linux kernel is given as its Image "
            "(arch/*/boot/Image), not as vmlinux"
        )
    beginning = next((each for each in ranges if each.contains(address, 1)), None)
    if beginning is not None and beginning.name == "RAM":
        return (
            f"Give the machine at least {quantity(_needed(address + size - beginning.base))} of memory (-m)"
        )
    if any(each.contains(address & 0xFFFF_FFFF, size) for each in ranges):
        return "Its addresses are sign-extended; link it at the physical ones"
    home = next((each.base for each in ranges if each.name == "RAM"), ranges[0].base)
    if address < 0x1000_0000 <= home:
        return f"It looks like a program for an operating system; link a bare-metal one at {home:#x}"
    return f"Link it at {home:#x} (in its linker script), or choose another -machine"


def _needed(size: int) -> int:
    """`size` rounded up to whole MiB."""
    return -(-size // (1 << 20)) << 20
