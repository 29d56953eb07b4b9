"""What can be wrong with what a machine is asked to be or to do. Classes with the facts; the text is for a
person.

    EmuError
    ├── ConfigError    a value that cannot be meant: what, expected, actual, hint
    ├── UnknownName    a name that nothing has: kind, name, the nearest ones
    ├── LoadError      a file that cannot be loaded: path, expected, actual, hint
    ├── MapError       a window or region that does not fit the address map
    ├── AddressError   a host-side access to guest memory where there is none
    ├── MemoryInUse    guest memory closed while somebody still looks into it
    ├── MemoryClosed   guest memory used after it was closed
    └── NotCounted     counts of blocks, and nobody asked for them to be counted

A guest's mistake is none of these: it is an exit, with a pc.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self


def span(address: int, size: int) -> str:
    """The bytes [address, address + size) as text, both ends inclusive: ``0x1000..0x1fff``."""
    return f"{address:#x}..{address + size - 1:#x}" if size > 1 else f"{address:#x}"


def _sentence(*parts: str) -> str:
    return " ".join(part if part.endswith("?") else part.rstrip(".") + "." for part in parts if part)


class EmuError(Exception):
    """Root of this package's errors. Equal only to itself; survives pickling."""

    def __reduce__(self) -> tuple[Any, ...]:
        facts = tuple(getattr(self, each.name) for each in fields(self)) if is_dataclass(self) else self.args
        return type(self), facts, dict(__notes__=self.__notes__) if hasattr(self, "__notes__") else None


@dataclass(eq=False)
class ConfigError(EmuError):
    """`what` (an option, a size, a file's role) was given as `actual` where `expected` was needed."""

    what: str
    expected: str
    actual: str
    hint: str = ""

    def __str__(self) -> str:
        return _sentence(f"{self.what}: expected {self.expected}, got {self.actual}", self.hint)


@dataclass(eq=False)
class UnknownName(EmuError):
    """Nothing of that `kind` ("machine", "device", "ISA") is called `name`."""

    kind: str
    name: str
    nearest: tuple[str, ...] = ()
    hint: str = ""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], hint: str = "") -> Self:
        """The error for `name`, with the nearest of the `known` names; all of them where none is near and
        they are few."""
        names = sorted(known)
        folded = {each.casefold(): each for each in names}
        near = tuple(folded[each] for each in get_close_matches(name.casefold(), folded, n=3, cutoff=0.5))
        if not near and not hint and len(names) <= 12:
            hint = f"Known: {', '.join(names)}" if names else "There is none"
        return cls(kind, name, near, hint)

    def __str__(self) -> str:
        meant = f"did you mean {' or '.join(repr(each) for each in self.nearest)}?" if self.nearest else ""
        text = f"no {self.kind} is called {self.name!r}"
        return " ".join(
            part for part in (f"{text}: {meant}" if meant else f"{text}.", _sentence(self.hint)) if part
        )


@dataclass(eq=False)
class LoadError(EmuError):
    """The file at `path` holds `actual` where `expected` was needed."""

    path: str | Path
    expected: str
    actual: str
    hint: str = ""

    def __str__(self) -> str:
        return _sentence(f"{self.path}: expected {self.expected}, got {self.actual}", self.hint)


@dataclass(eq=False)
class MapError(EmuError):
    """`name` cannot have the addresses [base, base + size)."""

    name: str
    base: int
    size: int
    expected: str
    actual: str
    hint: str = ""

    def __str__(self) -> str:
        where = (
            f"{self.name} at {self.base:#x}, {self.size:#x} bytes"
            if self.size <= 0
            else f"{self.name} at {span(self.base, self.size)}"
        )
        return _sentence(f"cannot map {where}: expected {self.expected}, got {self.actual}", self.hint)


@dataclass(eq=False)
class AddressError(EmuError):
    """The host asked to `action` [address, address + size), and memory backs only a part of it, or nothing.

    missing is the first address without memory; nearby describes the regions around it, nearest first.
    """

    action: str
    address: int
    size: int
    missing: int
    nearby: tuple[str, ...] = ()

    def __str__(self) -> str:
        around = f"Nearby: {'; '.join(self.nearby)}" if self.nearby else "No memory is mapped at all"
        return _sentence(
            f"cannot {self.action} {span(self.address, self.size)}: no memory at {self.missing:#x}", around
        )


@dataclass(eq=False)
class MemoryInUse(EmuError):
    """Guest memory of `size` bytes was closed while arrays still look into it."""

    size: int

    def __str__(self) -> str:
        return _sentence(
            f"guest memory of {self.size:#x} bytes is still looked into and stays open",
            "Drop every array and engine made from it, then close it",
        )


@dataclass(eq=False)
class MemoryClosed(EmuError):
    """Guest memory of `size` bytes was used after its close()."""

    size: int

    def __str__(self) -> str:
        return _sentence(
            f"guest memory of {self.size:#x} bytes is closed", "Close a machine only after its last use"
        )


@dataclass(eq=False)
class NotCounted(EmuError):
    """Counts of blocks were asked for without `Machine.count_blocks`."""

    def __str__(self) -> str:
        return "no blocks were counted; call count_blocks before the run"


@dataclass(eq=False)
class EngineFailure(EmuError):
    """The engine refused `what`: Unicorn's error `number`, in its own words `text`."""

    what: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"The engine could not {self.what}: {self.text} (Unicorn error {self.number})."


@dataclass(eq=False)
class SnapshotMismatch(EmuError):
    """A saved state belongs to a machine of another make, or to one that was given something else."""

    expected: str
    actual: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"This saved state does not fit the machine: expected {self.expected}, got {self.actual}"
        return _sentence(text, self.hint)
