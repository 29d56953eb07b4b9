"""`--verify-determinism`: a case runs twice, and a ladder of state hashes must be the same.

Theory: rungs are counts of instructions that double, so a run of any length has few; the last rung is the end. Where two
runs differ, the first differing rung and the last equal one bound the place. Runs that differ by chance cannot be asked
the same question twice, so the search repeats both runs with new rungs between the bounds until they are neighbours, or
until the runs happen to agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from axemu.suite.case import Case
from axemu.suite.orders import Terms
from axemu.suite.trial import WHOLE, Checkpoint, Trial
from emu.outcome import Ending

FIRST: Final = 1 << 10  # instructions to the first rung
RUNGS: Final = 40
BETWEEN: Final = 16  # rungs of one step of the search
ROUNDS: Final = 16  # of the search, at most
OTHER_SLICE: Final = 104_729  # instructions; a prime, so that it divides nothing of the first run

Run = Callable[[Terms], Trial]


def ladder() -> tuple[int, ...]:
    """Counts of instructions at which states are compared."""
    return tuple(FIRST << step for step in range(RUNGS))


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs of one case: equal up to `equal` instructions, different after `different`; `text` for a person."""

    equal: int
    different: int
    text: str


def verified(case: Case, terms: Terms, run: Run, *, slicing: bool) -> tuple[Trial, Difference | None]:
    """The first of two runs, and how the second differs. slicing: the second is cut into other slices."""
    first_terms = replace(terms, checkpoints=ladder(), hash=True)
    second_terms = replace(first_terms, slice=OTHER_SLICE if slicing else WHOLE)
    first, second = run(first_terms), run(second_terms)
    found = compared(first, second)
    if found is None:
        return first, None
    for _ in range(ROUNDS):
        if found.different - found.equal <= 1:
            break
        marks = _between(found.equal, found.different)
        narrower = compared(
            run(replace(first_terms, checkpoints=marks)), run(replace(second_terms, checkpoints=marks))
        )
        if narrower is None or narrower.equal < found.equal:
            break
        found = narrower
    return first, found


def _between(low: int, high: int) -> tuple[int, ...]:
    step = max((high - low) // BETWEEN, 1)
    return tuple(sorted({low, *range(low + step, high, step), high} - {0}))


def compared(first: Trial, second: Trial) -> Difference | None:
    """The first checkpoint that differs; else how the ends differ."""
    equal, pc, symbol = 0, 0, ""
    for left, right in zip(first.checkpoints, second.checkpoints, strict=False):
        if left.hash != right.hash:
            return Difference(equal, left.instructions, _text(equal, left, right))
        equal, pc, symbol = left.instructions, left.pc, left.symbol
    if Ending.TIMEOUT in (first.outcome.ending, second.outcome.ending):
        return None  # cut by the host's clock: where, says nothing of the guest
    end = max(min(first.instructions, second.instructions), equal + 1)
    where = f"; equal at instruction {equal:,}, pc {pc:#x}" + (f" ({symbol})" if symbol else "")
    if first.instructions != second.instructions:
        counts = f"{first.instructions:,} and {second.instructions:,} instructions"
        return Difference(equal, end, f"the two runs have {counts}{where}")
    if first.console != second.console:
        return Difference(equal, end, f"the two runs print different consoles{where}")
    if first.hash != second.hash:
        return Difference(equal, end, f"the two runs end in different states{where}")
    return None


def _text(equal: int, left: Checkpoint, right: Checkpoint) -> str:
    at = f"{left.pc:#x}" + (f" ({left.symbol})" if left.symbol else "")
    differing = [
        f"{name} {value:#x} and {right.registers.get(name, 0):#x}"
        for name, value in left.registers.items()
        if value != right.registers.get(name)
    ]
    what = f": {', '.join(differing[:4])}" if differing else ": memory or devices, no register shown"
    span = (
        f"at instruction {left.instructions:,}"
        if left.instructions - equal <= 1
        else f"between instructions {equal:,} and {left.instructions:,}"
    )
    return f"two runs differ {span}, pc {at}{what}"
