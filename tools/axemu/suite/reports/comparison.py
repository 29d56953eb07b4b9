"""A comparison of two runs on a screen, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from axemu.screens import table
from axemu.suite.reports.compare import Budget, Comparison, Pair
from axemu.suite.reports.consoles import one_line
from axemu.suite.reports.durations import took
from axemu.suite.reports.summary import failure
from axemu.suite.reports.verdicts import COLOURS
from axemu.suite.result import Result

SHOWN = 50  # lines of each table; --json has all


def told(comparison: Comparison) -> Iterator[RenderableType]:
    """The tables, what matters least first: the last line on the screen is the answer."""
    for title, pairs in (("faster", comparison.faster), ("slower", comparison.slower)):
        yield from _times(title, pairs)
    yield from _budgets(comparison.budgets)
    removed = "not reached" if comparison.new.interrupted else "no longer there"
    for title, pairs in (
        ("new cases", comparison.added),
        (removed, comparison.removed),
        ("skipped or quarantined now", comparison.set_aside),
        ("fixed", comparison.fixed),
        ("still failing", comparison.still_failing),
    ):
        yield from _verdicts(title, pairs)
    if comparison.new_failures:
        yield Text(f"new failures: {len(comparison.new_failures):,}\n", "bold red")
    for pair in comparison.new_failures[:SHOWN]:
        if pair.new is not None:
            yield from failure(pair.new)
            yield Text(f"  was: {pair.old.verdict.value if pair.old is not None else 'not there'}\n", "dim")
    yield from _more(len(comparison.new_failures))
    yield answer(comparison)


def answer(comparison: Comparison) -> Text:
    """ "2 new failures, 1 fixed, 3 still failing; 998 cases before, 1,000 now" """
    new, fixed, still = (
        len(each) for each in (comparison.new_failures, comparison.fixed, comparison.still_failing)
    )
    text = Text(f"{new:,} new failure{'' if new == 1 else 's'}", "bold red" if new else "bold green")
    text.append(f", {fixed:,} fixed, {still:,} still failing", "not bold default")
    before, now = len(comparison.old.results), len(comparison.new.results)
    text.append(f"; {before:,} case{'' if before == 1 else 's'} before, {now:,} now", "not bold default")
    if comparison.new.interrupted:
        text.append("; the new run ended early", "not bold yellow")
    return text


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Plain values: names with both verdicts, and the numbers that differ."""
    pairs = {
        name: [_pair_json(each) for each in getattr(comparison, name)]
        for name in (
            "new_failures",
            "still_failing",
            "fixed",
            "set_aside",
            "added",
            "removed",
            "slower",
            "faster",
        )
    }
    budgets = [
        {"case": each.name, "what": each.what, "old": each.old, "new": each.new}
        for each in comparison.budgets
    ]
    runs = {
        key: {"begun": ended.run.begun, "command": ended.run.command, "axemu": ended.run.axemu,
              "seed": ended.run.seed, "cases": len(ended.results), "interrupted": ended.interrupted}
        for key, ended in (("old", comparison.old), ("new", comparison.new))
    }  # fmt: skip
    return {"kind": "comparison", "good": comparison.good, **runs, **pairs, "budgets": budgets}


def _pair_json(pair: Pair) -> dict[str, Any]:
    def side(result: Result | None) -> dict[str, Any] | None:
        if result is None:
            return None
        return {
            "verdict": result.verdict.value,
            "reason": result.reason,
            "seconds": result.seconds,
            "replay": result.replay,
        }

    return {"case": pair.name, "old": side(pair.old), "new": side(pair.new)}


def _verdicts(title: str, pairs: Sequence[Pair]) -> Iterator[RenderableType]:
    if not pairs:
        return
    rows = table("was", "is", f"{title}: {len(pairs):,}", "reason")
    for pair in pairs[:SHOWN]:
        known = pair.new or pair.old
        reason = one_line(known.reason) if known is not None else ""
        rows.add_row(_word(pair.old), _word(pair.new), Text(one_line(pair.name)), Text(reason))
    yield rows
    yield from _more(len(pairs))
    yield ""


def _budgets(budgets: Sequence[Budget]) -> Iterator[RenderableType]:
    if not budgets:
        return
    rows = table("was", "is", "change", f"changed budgets: {len(budgets):,}", "what")
    for column in rows.columns[:3]:
        column.justify = "right"
    for each in budgets[:SHOWN]:
        change = f"{(each.ratio - 1) * 100:+.2f} %" if each.old else "new"
        rows.add_row(
            f"{each.old:,}", f"{each.new:,}", change, Text(one_line(each.name)), Text(one_line(each.what))
        )
    yield rows
    yield from _more(len(budgets))
    yield ""


def _times(title: str, pairs: Sequence[Pair]) -> Iterator[RenderableType]:
    if not pairs:
        return
    rows = table("was", "is", f"{title} (host time, for information): {len(pairs):,}")
    for pair in pairs[:SHOWN]:
        old, new = (took(each.seconds) if each is not None else "" for each in (pair.old, pair.new))
        rows.add_row(old, new, Text(one_line(pair.name)))
    yield rows
    yield from _more(len(pairs))
    yield ""


def _word(result: Result | None) -> Text:
    return Text("-", "dim") if result is None else Text(result.verdict.value, COLOURS[result.verdict])


def _more(number: int) -> Iterator[Text]:
    if number > SHOWN:
        yield Text(f"... and {number - SHOWN:,} more; --json has them all", "dim")
