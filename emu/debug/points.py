"""Where a guest is to stop: breakpoints, watchpoints and catchpoints, under one count of numbers as in gdb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from axvcpu.exits import AccessFlags
from emu.debug.errors import NotPossible

if TYPE_CHECKING:
    from emu.debug.expression import Expression
    from emu.debug.scope import Scope
    from emu.watch import Watch

ACCESSES: Final = {
    AccessFlags.READ: "read watchpoint",
    AccessFlags.WRITE: "watchpoint",
    AccessFlags.READ | AccessFlags.WRITE: "access watchpoint",
}
EXCEPTION, INTERRUPT, PRIVILEGE = "exception", "interrupt", "privilege"
EXIT_KINDS: Final = {
    "mmio": ("MmioRead", "MmioWrite"),
    "mmio-read": ("MmioRead",),
    "mmio-write": ("MmioWrite",),
    "io": ("IoRead", "IoWrite"),
    "io-read": ("IoRead",),
    "io-write": ("IoWrite",),
    "sysreg": ("SysRegRead", "SysRegWrite"),
    "hypercall": ("Hypercall", "CpuUp", "CpuDown", "SystemDown", "SendIpi"),
    "halt": ("Halt",),
    "unmapped": ("NestedPageFault",),
    "crash": ("GuestException", "FailEntry"),
}
"""What `catch` knows of exits, by name."""
CATCHES: Final = ("exit", *EXIT_KINDS, EXCEPTION, INTERRUPT, PRIVILEGE)


@dataclass(slots=True)
class Point:
    """Its `number`, and what every kind of point has. condition: stops only where it is true (`expression` is its
    parsed form); ignore: how many of the next hits pass; vcpu: only this one; temporary: gone after its first stop.
    `decide`, asked last with the point and the scope of the vCPU: False lets the hit pass. It must not raise."""

    number: int
    enabled: bool = True
    condition: str = ""
    ignore: int = 0
    hits: int = 0
    vcpu: int | None = None
    temporary: bool = False
    expression: Expression | None = field(default=None, repr=False, compare=False)
    decide: Callable[[Point, Scope], bool] | None = field(default=None, repr=False, compare=False)

    @property
    def what(self) -> str:
        raise NotImplementedError


@dataclass(slots=True)
class Breakpoint(Point):
    """`location` as it was given; the guest-virtual `addresses` of code that it means (several where it is inlined)."""

    location: str = ""
    addresses: tuple[int, ...] = ()

    @property
    def what(self) -> str:
        return self.location


@dataclass(slots=True)
class Watchpoint(Point):
    """`size` bytes from guest-virtual `address`; `watches` are where they were in guest-physical memory when it was
    made: it is those that are watched. One for WRITE alone stops where the bytes have changed, as gdb's `watch`."""

    text: str = ""
    address: int = 0
    size: int = 0
    access: AccessFlags = AccessFlags.WRITE
    watches: tuple[Watch, ...] = ()

    def virtual(self, physical: int) -> int | None:
        """The guest-virtual address of a watched byte, None for one that is not."""
        at = self.address
        for watch in self.watches:
            if 0 <= physical - watch.address < watch.size:
                return at + physical - watch.address
            at += watch.size
        return None

    @property
    def what(self) -> str:
        return self.text


@dataclass(slots=True)
class Catchpoint(Point):
    """`kind` is one of CATCHES. device and register: names; cause: of a trap, or the number of a hypercall."""

    kind: str = "exit"
    device: str | None = None
    cause: int | None = None

    @property
    def what(self) -> str:
        parts = [self.kind]
        if self.device is not None:
            parts.append(f"device {self.device}")
        if self.cause is not None:
            parts.append(f"number {self.cause}")
        return ", ".join(parts)

    @property
    def of_exits(self) -> bool:
        return self.kind not in (EXCEPTION, INTERRUPT, PRIVILEGE)


class Points:
    """All of them, by number."""

    def __init__(self) -> None:
        self._points: dict[int, Point] = {}
        self._next = 1

    def __iter__(self) -> Iterator[Point]:
        return iter(tuple(self._points.values()))

    def __len__(self) -> int:
        return len(self._points)

    def take_number(self) -> int:
        number, self._next = self._next, self._next + 1
        return number

    def add(self, point: Point) -> None:
        self._points[point.number] = point

    def find(self, number: int) -> Point:
        """Raises NotPossible for a number that no point has."""
        if number not in self._points:
            known = ", ".join(map(str, self._points)) or "there is none"
            raise NotPossible(f"breakpoint {number}", "no point has this number", f"Known: {known}")
        return self._points[number]

    def delete(self, number: int) -> None:
        self.find(number)
        del self._points[number]

    def clear(self) -> None:
        self._points.clear()

    @property
    def breakpoints(self) -> list[Breakpoint]:
        """Those that are enabled; so the next two."""
        return [each for each in self if isinstance(each, Breakpoint) and each.enabled]

    @property
    def watchpoints(self) -> list[Watchpoint]:
        return [each for each in self if isinstance(each, Watchpoint) and each.enabled]

    @property
    def catchpoints(self) -> list[Catchpoint]:
        return [each for each in self if isinstance(each, Catchpoint) and each.enabled]
