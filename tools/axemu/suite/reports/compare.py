"""Two runs of the same suites: what became worse, what became better, and what costs more.

A new failure is a case that fails in the new run and did not in the old one, or that the old one did not have: only
these make the comparison fail. Instructions and exits of a case are the same in every run unless something changed, so
a difference of one is told. Host time is the host's: it is told where it is large, and decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from axemu.suite.result import Ended, Result, Verdict

RATIO, LEAST = 1.5, 0.5  # host time is told where it changed by this factor, and by so many seconds
ASIDE = (Verdict.SKIP, Verdict.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Pair:
    """One case in both runs; None where a run has it not."""

    name: str
    old: Result | None
    new: Result | None


@dataclass(frozen=True, slots=True)
class Budget:
    """A number that differs though the case passed both times. what: "instructions" or "exits: MmioRead"."""

    name: str
    what: str
    old: int
    new: int

    @property
    def ratio(self) -> float:
        """new / old; infinite where it was nothing."""
        return self.new / self.old if self.old else float("inf")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Each case of both runs is in at most one of the tuples up to `removed`. set_aside: skipped or quarantined now and
    not before, whatever it came to then. removed: not in the new run; where that was interrupted, not reached."""

    old: Ended
    new: Ended
    new_failures: tuple[Pair, ...]
    still_failing: tuple[Pair, ...]
    fixed: tuple[Pair, ...]
    set_aside: tuple[Pair, ...]
    added: tuple[Pair, ...]  # and do not fail
    removed: tuple[Pair, ...]
    budgets: tuple[Budget, ...]
    slower: tuple[Pair, ...]  # those that changed most first
    faster: tuple[Pair, ...]

    @property
    def good(self) -> bool:
        return not self.new_failures


def compare(old: Ended, new: Ended) -> Comparison:
    pairs = _paired(old.results, new.results)
    sorted_out: dict[str, list[Pair]] = {}
    for pair in pairs:
        sorted_out.setdefault(_kind(pair), []).append(pair)

    def those(kind: str) -> tuple[Pair, ...]:
        return tuple(sorted_out.get(kind, ()))

    slower, faster = _timed(pairs)
    return Comparison(
        old=old,
        new=new,
        new_failures=those("new failure"),
        still_failing=those("still failing"),
        fixed=those("fixed"),
        set_aside=those("set aside"),
        added=those("added"),
        removed=those("removed"),
        budgets=tuple(budget for pair in pairs for budget in _budgets(pair)),
        slower=slower,
        faster=faster,
    )


def _kind(pair: Pair) -> str:
    old, new = pair.old, pair.new
    if new is None:
        return "removed"
    if not new.verdict.good:
        return "still failing" if old is not None and not old.verdict.good else "new failure"
    if old is None:
        return "added"
    if new.verdict in ASIDE:
        return "as before" if old.verdict is new.verdict else "set aside"
    return "as before" if old.verdict.good else "fixed"


def _paired(old: Iterable[Result], new: Iterable[Result]) -> list[Pair]:
    """In the new run's order, then what only the old one has. A case that ran again counts as it came to last.

    Cases are the same by name. Where a name is in several manifests of a run, the manifest's path belongs to it.
    """
    before, after = ({(each.suite, each.case): each for each in run} for run in (old, new))
    ambiguous = {name for run in (before, after) for name in _repeated(case for _, case in run)}

    def named(suite: str, case: str) -> str:
        return f"{suite}: {case}" if case in ambiguous else case

    olds = {named(*key): result for key, result in before.items()}
    news = {named(*key): result for key, result in after.items()}
    return [Pair(name, olds.get(name), news.get(name)) for name in dict.fromkeys([*news, *olds])]


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, number in Counter(names).items() if number > 1}


def _budgets(pair: Pair) -> Iterable[Budget]:
    old, new = pair.old, pair.new
    if old is None or new is None or not (old.verdict is new.verdict is Verdict.PASS):
        return
    if old.instructions != new.instructions:
        yield Budget(pair.name, "instructions", old.instructions, new.instructions)
    for reason in dict.fromkeys([*old.exits, *new.exits]):
        counts = old.exits.get(reason, 0), new.exits.get(reason, 0)
        if counts[0] != counts[1]:
            yield Budget(pair.name, f"exits: {reason}", *counts)


def _timed(pairs: Iterable[Pair]) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Those that passed both times and took clearly longer, and clearly less."""
    changed: list[tuple[float, Pair]] = []
    for pair in pairs:
        if (
            pair.old is not None
            and pair.new is not None
            and pair.old.verdict is pair.new.verdict is Verdict.PASS
        ):
            less, more = sorted((pair.old.seconds, pair.new.seconds))
            if more - less >= LEAST and more >= RATIO * less:
                changed.append((pair.new.seconds - pair.old.seconds, pair))
    changed.sort(key=lambda each: -abs(each[0]))
    return (
        tuple(pair for difference, pair in changed if difference > 0),
        tuple(pair for difference, pair in changed if difference < 0),
    )
