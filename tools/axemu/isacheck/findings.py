"""What a check of an instruction set comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emu.guest import Guest
from isa.contract import Isa

PASSED, FAILED, UNTESTED = "passed", "failed", "untested"


@dataclass(frozen=True, slots=True)
class Finding:
    """`detail` counts what was tried, or says what differs, or why nothing could be tried."""

    check: str
    status: str
    detail: str


@dataclass(frozen=True, slots=True)
class Subject:
    """An instruction set, its guests (none: those checks are untested), and the seed of everything random."""

    isa: Isa
    guests: tuple[Guest, ...]
    seed: int
    folder: Path | None  # where guests were looked for

    def guest(self, name: str) -> Guest | None:
        return next((guest for guest in self.guests if guest.name == name), None)


Check = Callable[[str, Subject], Finding]
"""(its name, what is checked)"""


def passed(check: str, detail: str) -> Finding:
    return Finding(check, PASSED, detail)


def failed(check: str, detail: str) -> Finding:
    return Finding(check, FAILED, detail)


def untested(check: str, detail: str) -> Finding:
    return Finding(check, UNTESTED, detail)
