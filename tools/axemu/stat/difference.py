"""What has changed between two runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.text import Text

from axemu.files import check_writable
from axemu.session import write_json
from axemu.stat.document import KIND, SCHEMA, Document, load, spread_json
from axemu.stat.output import Look, save_svg
from axemu.stat.tables import WIDE, plain_table, short, time, where
from emu.statistics.summary import ExitCount, ExitKey, Spread, TrapCount, TrapKey

NOTHING: Final = ExitCount()


@dataclass(frozen=True, slots=True)
class Change:
    """Of one row: what it was and what it is; one of them may be empty."""

    key: ExitKey | TrapKey
    old: ExitCount | TrapCount
    new: ExitCount | TrapCount

    @property
    def by(self) -> int:
        return self.new.count - self.old.count


def changes(
    old: Mapping[Any, ExitCount] | Mapping[Any, TrapCount],
    new: Mapping[Any, ExitCount] | Mapping[Any, TrapCount],
) -> list[Change]:
    """Rows whose counts differ, those that changed most first."""
    keys = dict.fromkeys((*new, *old))
    found = [Change(key, old.get(key, NOTHING), new.get(key, NOTHING)) for key in keys]
    return sorted((each for each in found if each.by), key=lambda each: -abs(each.by))


def compare(old_path: Path, new_path: Path, look: Look, json: str | None) -> int:
    """Print what differs, and return the exit code. Raises what `load` raises."""
    old, new = load(old_path), load(new_path)
    if json is not None:
        if json != "-":
            check_writable(Path(json))
        write_json(_as_json(old, new), json)
    screen = Console(highlight=False, file=sys.stderr if json == "-" else sys.stdout)
    content = rendered(old, new, screen.width, look.rows)
    screen.print(content)
    if look.svg is not None:
        save_svg(lambda picture: rendered(old, new, picture.width, look.rows), look.svg, "axemu stat diff")
    return 0


def rendered(old: Document, new: Document, width: int, rows: int | None) -> RenderableType:
    exits = changes(old.summary.exits, new.summary.exits)
    traps = changes(old.summary.traps, new.summary.traps)
    parts: list[RenderableType] = [_headline(old, new)]
    if not exits and not traps:
        parts.append(Text("Every count is the same."))
    if exits:
        parts.append(_table(exits, rows, wide=width >= WIDE))
    if traps:
        parts.append(_table(traps, rows, wide=width >= WIDE))
    return Group(*parts)


def _headline(old: Document, new: Document) -> Text:
    text = Text("old: ", "bold").append(old.title, "not bold").append("\nnew: ").append(new.title, "not bold")
    for name, before, after in (
        ("VM exits", old.summary.exit_count, new.summary.exit_count),
        ("traps and interrupts", old.summary.trap_count, new.summary.trap_count),
        ("instructions", old.summary.instructions, new.summary.instructions),
    ):
        text.append(f"\n{name} {before:,} → {after:,} ({ratio(before, after)})", "not bold")
    return text


def ratio(before: float, after: float) -> str:
    """+12.5%; "new" and "gone" where one of them is nothing."""
    if before == after:
        return "same"
    if not before or not after:
        return "gone" if before else "new"
    change = 100 * (after - before) / before
    return f"{change:+.1f}%" if abs(change) < 1000 else f"x{after / before:.3g}"


def _table(found: list[Change], rows: int | None, *, wide: bool) -> RenderableType:
    is_exit = isinstance(found[0].key, ExitKey)
    table = plain_table()
    for name in ("old", "new", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("reason" if is_exit else "kind", no_wrap=True, style="cyan")
    table.add_column("device register" if is_exit else "cause", no_wrap=True, ratio=4, style="green")
    if is_exit:
        table.add_column("from", no_wrap=True, ratio=4, style="yellow")
    if wide:
        table.add_column("instructions\nbetween, avg", justify="right", no_wrap=True)
        table.add_column(
            "host time,\navg" if is_exit else "raise to\ndelivery, avg", justify="right", no_wrap=True
        )
    for each in islice(found, rows):
        cells = [f"{each.old.count:,}", f"{each.new.count:,}", f"{each.by:+,}"]
        cells += [ratio(each.old.count, each.new.count), *_names(each.key)]
        if wide:
            cells.append(_means(each.old.between, each.new.between, short))
            cells.append(_means(_last(each.old), _last(each.new), time if is_exit else short))
        table.add_row(*cells)
    if rows is not None and len(found) > rows:
        rest = sum(each.by for each in found[rows:])
        table.add_row("", "", f"{rest:+,}", "", f"{len(found) - rows} more", style="dim")
    return table


def _names(key: ExitKey | TrapKey) -> tuple[str, ...]:
    return (key.reason, where(key), key.symbol) if isinstance(key, ExitKey) else (key.kind, key.cause)


def _last(counted: ExitCount | TrapCount) -> Spread:
    return counted.host if isinstance(counted, ExitCount) else counted.latency


def _means(old: Spread, new: Spread, text: Any) -> str:  # noqa: ANN401
    before = text(old.mean) if old.count else "-"
    after = text(new.mean) if new.count else "-"
    return before if before == after else f"{before} → {after}"


def _as_json(old: Document, new: Document) -> dict[str, Any]:
    exits = changes(old.summary.exits, new.summary.exits)
    traps = changes(old.summary.traps, new.summary.traps)
    return {
        "kind": f"{KIND} diff",
        "schema": SCHEMA,
        "old": old.title,
        "new": new.title,
        "exits": [_change_json(each) for each in exits],
        "traps": [_change_json(each) for each in traps],
    }


def _change_json(change: Change) -> dict[str, Any]:
    key = change.key
    names = {name: getattr(key, name) for name in key.__slots__}
    last = "host_ns" if isinstance(key, ExitKey) else "latency"
    sides = {
        name: {
            "count": side.count,
            "instructions_between": spread_json(side.between),
            last: spread_json(_last(side)),
        }
        for name, side in (("old", change.old), ("new", change.new))
    }
    return {**names, **sides}
