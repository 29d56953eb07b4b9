"""A case: one guest, on one machine, with what it must do; and what it may share with others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emu.expectation import Place
from emu.guest import Guest


@dataclass(frozen=True, slots=True)
class Prefix:
    """A run that several cases begin with: `guest` until its console shows `console`, its pc first reaches `place`, or
    `instructions` have retired. Just one of the three is given."""

    name: str
    guest: Guest
    console: str | None = None
    place: Place | None = None
    instructions: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """`name` is unique within a run: the folder from where the run started, then the case's own. parameters: its place
    in the matrix."""

    name: str
    guest: Guest
    manifest: Path
    parameters: tuple[tuple[str, str], ...] = ()
    prefix: Prefix | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        return self.guest.tags
