"""What passes between a runner and those who run its cases. Importing it loads no engine: a runner needs none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from axemu.suite.case import Case
from axemu.suite.result import Result

if TYPE_CHECKING:
    from axemu.suite.coverage.measurement import CaseCoverage

TIMEOUT: Final = 60.0  # seconds of host time, where a case says nothing


@dataclass(frozen=True, slots=True)
class Terms:
    """How a case is run. slice: instructions, 0 for the default. checkpoints: counts of instructions at which the state
    is hashed, ascending. timeout: seconds of host time for a case that says nothing."""

    timeout: float = TIMEOUT
    seed: int = 0
    slice: int = 0
    checkpoints: tuple[int, ...] = ()
    hash: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What a run asks of each case. slicing: the second of two runs is cut otherwise. bundles: the folder for failures,
    None where none are to be kept. coverage: what each case executes is measured; branches:
    and the ways of its conditional branches."""

    terms: Terms = field(default_factory=Terms)
    verify: bool = False
    slicing: bool = False
    update_golden: bool = False
    bundles: Path | None = None
    coverage: bool = False
    branches: bool = False


@dataclass(frozen=True, slots=True)
class Executed:
    """A result, the hash of the prefix that its run began with ("" where it had none), and what was measured of it."""

    result: Result
    prefix_hash: str = ""
    coverage: CaseCoverage | None = None


def described(case: Case, result: Result, seed: int) -> Result:
    """The result with what the case says of itself."""
    guest = case.guest
    return replace(
        result,
        suite=str(case.manifest),
        summary=guest.summary,
        isa=guest.isa,
        machine=guest.machine or "",
        cpu=guest.cpu or "",
        tags=guest.tags,
        parameters=dict(case.parameters),
        seed=seed,
        replay=f"axemu suite run {case.manifest} -k '{case.name}' --seed {seed}",
    )
